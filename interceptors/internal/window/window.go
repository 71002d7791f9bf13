// Package window counts the outcomes of calls over a sliding window, of time
// or of calls. Adding takes no lock and allocates nothing.
package window

import "github.com/afloat-go/afloat/interceptors/policy"

// Kind is how a call is counted: as exactly one of these.
type Kind uint8

// The kinds. A call that failed slowly is Failed.
const (
	OK Kind = iota
	Failed
	Slow
)

// Counts are the calls in a window.
type Counts struct {
	Calls, Failures, Slow int
}

// Bad returns the number of calls that failed or were slow.
func (c Counts) Bad() int { return c.Failures + c.Slow }

// Window counts calls. It is safe for concurrent use.
type Window interface {
	// Add counts a call that ended now.
	Add(now policy.Instant, k Kind)
	// Sum returns what the window holds now.
	Sum(now policy.Instant) Counts
	// Quiet reports whether no call was added in the last span before now.
	Quiet(now policy.Instant) bool
	// LastSecond returns what the last full second before now holds, to the width of
	// a bucket. It is empty where the window does not know time.
	LastSecond(now policy.Instant) Counts
	// Latest returns what the running bucket holds, and as many of those before it as it
	// takes to hold a number of calls. It is empty where the window does not know time.
	Latest(now policy.Instant, calls int) Counts
}
