// Package story runs the system through an outage and checks that it stays
// afloat. It starts the whole system, plays each act on it, and prints what its
// clients saw. Each phase of an act has expectations; the run fails if one is not
// met.
package story
