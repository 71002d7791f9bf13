// Package attempt runs the steps of a fallback chain, one after another, for
// packages fallback and fanout. Each step has a scope of its own for what calls
// report, a share of the time, perhaps a guard, and a bound on how many of it
// run at once. A step that ignores the end of its time is left behind: the next
// one is started, on another goroutine, and the late value is dropped.
package attempt
