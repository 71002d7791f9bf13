package rules

import (
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// The bounds of the names that rules keep policies for. Calls with longer ones share the
// policies of calls past the key limit.
const (
	// MaxMethodBytes is how long a method may be.
	MaxMethodBytes = 512
	// MaxTargetBytes is how long a target may be. It may be a list of addresses.
	MaxTargetBytes = 4096
)

// The bytes of all names together: on average as many for each key, and no less than the
// names of a few keys may have.
const (
	bytesPerKey = 512
	minBytes    = 64 << 10
)

// sweepEvery is how often full rules look for idle keys.
const sweepEvery = time.Second

// room bounds the keys of the generation in force.
type room struct {
	maxKeys   int
	fullUntil atomic.Int64 // an Instant
}

// fits reports whether the names of a call are short enough for a key.
func fits(call *policy.Call) bool {
	return len(call.Method) <= MaxMethodBytes && len(call.Target) <= MaxTargetBytes
}

// makeFor reports whether a key for the call fits into g, after dropping idle ones if
// need be. The lock of the rules is held.
func (r *room) makeFor(g *generation, call *policy.Call) bool {
	if r.has(g, call) {
		return true
	}
	g.sweep()
	if r.has(g, call) {
		return true
	}
	r.fullUntil.Store(int64(policy.Now().Add(sweepEvery)))
	return false
}

// has reports whether a key for the call fits into g as it is.
func (r *room) has(g *generation, call *policy.Call) bool {
	return g.table.size < r.maxKeys && g.table.bytes+textOf(call).bytes() <= max(minBytes, r.maxKeys*bytesPerKey)
}

// knownFull reports whether a recent sweep found no room, so that a flood of
// new methods costs no more than reading the clock.
func (r *room) knownFull() bool {
	until := r.fullUntil.Load()
	return until != 0 && policy.Now() < policy.Instant(until)
}

// forget lets the next key look for room at once.
func (r *room) forget() { r.fullUntil.Store(0) }
