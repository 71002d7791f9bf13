package overload

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// usual is what the calls of each method usually take. It is safe for concurrent use. The
// zero usual knows nothing.
type usual struct {
	names sync.Map // of *method by name
	// methods are those that there are, by their ids; that of id 0 does not exist, and that
	// of otherID stands for all that have none of their own.
	methods [1 << idBits]atomic.Pointer[method]
	last    atomic.Int64
	// long: some method takes long enough to look at the clock before it begins.
	long atomic.Bool
}

// method is what is known of the calls of one method.
type method struct {
	id      uint16
	samples atomic.Int64
	// quick is what one call in ten is quicker than, in nanoseconds.
	quick atomic.Int64
	// spared counts the calls that were not begun.
	spared atomic.Int64
	// at is the instant of the last sample.
	at atomic.Int64
}

const (
	otherID    = 1
	fewSamples = 16 // before a method is judged by them
	worthALook = time.Millisecond
	triesOneOf = 64               // of the calls that would not be begun
	forgotten  = 10 * time.Second // after the last sample nothing is known any more
	// quickUp and quickDown move an estimate at each sample so that it stays where one
	// sample in ten is below it.
	quickUp, quickDown = 1. / 64, 9. / 64
)

// of returns what is known of a method, nil if nothing is.
func (u *usual) of(name string) *method {
	if m, ok := u.names.Load(name); ok {
		return m.(*method) //nolint:errcheck,forcetypeassert // nothing else is ever stored
	}
	return nil
}

// idOf returns the id of a call's method. One that strangers make up has none of its own,
// nor has one that comes when there are too many.
func (u *usual) idOf(call *policy.Call) uint16 {
	if call.Unregistered {
		return otherID
	}
	if m := u.of(call.Method); m != nil {
		return m.id
	}
	if u.last.Load() >= int64(len(u.methods)-otherID-1) {
		return otherID
	}
	id := otherID + u.last.Add(1)
	if id >= int64(len(u.methods)) {
		return otherID
	}
	made := &method{id: uint16(id)} //nolint:gosec // small
	u.methods[id].Store(made)
	kept, _ := u.names.LoadOrStore(call.Method, made)
	return kept.(*method).id //nolint:errcheck,forcetypeassert // as above
}

// add notes what a call took that ended well, of the method with that id.
func (u *usual) add(id uint16, took time.Duration, now policy.Instant) {
	m := u.methods[id].Load()
	if m == nil {
		return
	}
	if now.Sub(policy.Instant(m.at.Swap(int64(now)))) > forgotten {
		m.samples.Store(0)
	}
	n := m.samples.Add(1)
	quick := time.Duration(m.quick.Load())
	switch { // a race loses a sample, which does not matter
	case n == 1:
		quick = took
	case n < fewSamples:
		quick = min(quick, took)
	case took < quick:
		quick -= time.Duration(float64(quick) * quickDown)
	default:
		quick += max(1, time.Duration(float64(quick)*quickUp))
	}
	m.quick.Store(int64(quick))
	if quick >= worthALook && !u.long.Load() {
		u.long.Store(true)
	}
}

// least returns what a call of the method takes at least, as most do, zero if it is not
// known.
func (u *usual) least(name string, now policy.Instant) time.Duration {
	m := u.of(name)
	if m == nil || m.samples.Load() < fewSamples || now.Sub(policy.Instant(m.at.Load())) > forgotten {
		return 0
	}
	return time.Duration(m.quick.Load())
}

// spares reports whether a call of the method with that deadline is not begun. Now and then
// one is all the same, to see whether that is still so.
func (u *usual) spares(name string, now, deadline policy.Instant) bool {
	return deadline.Sub(now) < u.least(name, now) && u.of(name).spared.Add(1)%triesOneOf != 0
}
