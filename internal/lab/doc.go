// Package lab sets policies, as they are shipped, against worlds, in virtual time.
//
// A [World] says how each call to a dependency ends, and when. [Run] orders all events
// of one run, calls that come and calls that end, and asks a [Guard] about each call. It
// counts what the guard did for its callers and what it cost them, compared with what
// would have happened without it.
//
// Nothing but the seed decides what happens: random numbers are taken in one order, and
// durations are computed in whole numbers, so that each machine gets the same figures.
package lab
