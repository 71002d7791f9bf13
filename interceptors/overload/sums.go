package overload

import (
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// sums are what calls have told since the last step. They are safe for concurrent use; a
// call that ends during a step may be counted in either interval. The zero sums are empty.
type sums struct {
	ended, good    atomic.Int64
	shed           atomic.Int64          // refused by the server that was called
	took, all      atomic.Int64          // by the good ones, and by all
	begun, left    atomic.Int64          // calls that were timed, and the time that they had
	came           [classes]atomic.Int64 // of each class, while there is a strain
	waited         atomic.Int64
	inFlight, most atomic.Int64
}

// end notes a call that has ended.
func (s *sums) end(took time.Duration, v policy.Verdict) {
	s.ended.Add(1)
	s.all.Add(int64(took))
	switch v { //nolint:exhaustive // others are neither
	case policy.Success:
		s.good.Add(1)
		s.took.Add(int64(took))
	case policy.Shed:
		s.shed.Add(1)
	}
}

// begin notes a call that has begun and is timed, and has a deadline or none.
func (s *sums) begin(now policy.Instant, deadline time.Time) {
	left := defaultBudget
	if !deadline.IsZero() {
		left = min(left, policy.InstantOf(deadline).Sub(now))
	}
	s.begun.Add(1)
	s.left.Add(int64(left))
}

// arrive notes a call of a class that came, and how many were in flight.
func (s *sums) arrive(rank, inFlight int, room bool) {
	s.came[rank].Add(1)
	s.inFlight.Add(int64(inFlight))
	if !room {
		s.waited.Add(1)
	}
	for n := int64(inFlight) + 1; ; {
		most := s.most.Load()
		if n <= most || s.most.CompareAndSwap(most, n) {
			return
		}
	}
}

// take returns the window of a time, and begins anew.
func (s *sums) take(elapsed time.Duration) window {
	w := window{
		elapsed: elapsed, ended: int(s.ended.Swap(0)), good: int(s.good.Swap(0)), shed: int(s.shed.Swap(0)), took: time.Duration(s.took.Swap(0)),
		all: time.Duration(s.all.Swap(0)), waited: int(s.waited.Swap(0)), most: int(s.most.Swap(0)),
	}
	w.budget = defaultBudget
	if begun := s.begun.Swap(0); begun > 0 {
		w.budget = time.Duration(s.left.Swap(0) / begun)
	}
	came := 0
	for i := range s.came {
		w.came[i] = int(s.came[i].Swap(0))
		came += w.came[i]
	}
	if inFlight := s.inFlight.Swap(0); came > 0 {
		w.inFlight = float64(inFlight) / float64(came)
	}
	return w
}
