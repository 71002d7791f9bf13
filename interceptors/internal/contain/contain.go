// Package contain keeps the panics of users' code from harming whoever calls it.
package contain

// Panic recovers a panic and drops it. Defer it itself, not within another function:
//
//	defer contain.Panic()
func Panic() { _ = recover() }
