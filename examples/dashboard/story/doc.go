// Package story runs the dashboard through an outage and checks that it stays
// afloat: it starts the whole system, asks for pages at a steady rate, makes one
// backend after another hang, fail or slow down, and prints what the client
// saw. Each phase has expectations; the run fails if one is not met.
package story
