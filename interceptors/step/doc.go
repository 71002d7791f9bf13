// Package step says what becomes of steps: those of the chains and methods of
// package fallback, and those of the sources of package fanout. An [Observer] hears
// of each, and an [Error] has the failures of several. The steps themselves are
// values of package fallback.
package step
