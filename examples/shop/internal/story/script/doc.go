// Package script plays a story phase by phase. A phase is played and checked, and
// what it came to is written down as a row of a table. It is played again if the
// machine had something else to do meanwhile, so that a busy machine is not taken
// for a fault of what is shown.
package script
