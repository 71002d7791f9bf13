package overload

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/queue"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// room is the places of calls, and where calls wait for one. It is safe for concurrent
// use. Make one with init.
type room struct {
	// places is how many calls may be in flight.
	places atomic.Int64
	counts queue.Counter
	// open: nobody waits, however many are in flight.
	open atomic.Bool
	// shared: others call what these calls are made to.
	shared atomic.Bool
	// strained: calls wait, or goroutines do.
	strained atomic.Bool

	mu    sync.Mutex // held while somebody waits, joins or leaves, and for a step
	lines lines
	limit *limit
	last  policy.Instant
	// calmAt is when the strain is over, if none is seen until then.
	calmAt atomic.Int64
	// retry is when to try again, for those who are refused now.
	retry time.Time
	level float64 // of pressure
}

// init readies a room with so many places.
func (r *room) init(places int, now policy.Instant) {
	r.limit, r.lines, r.last = newLimit(places), newLines(places, now), now
	r.places.Store(int64(places))
}

// has reports whether there is a free place that nobody waits for.
func (r *room) has(s queue.Counts) bool {
	return s.Waiting() == 0 && int64(s.InFlight()) < r.places.Load()
}

// full reports whether every place is taken.
func (r *room) full(s queue.Counts) bool {
	return int64(s.InFlight()) >= r.places.Load() && !r.open.Load()
}

// setOpen says whether nobody waits.
func (r *room) setOpen(open bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open.Store(open)
	r.handOutLocked(policy.Now())
}

// share notes that others call what these calls are made to.
func (r *room) share() {
	if !r.shared.Load() {
		r.shared.Store(true)
	}
}

// leave gives a place back, and hands it to a call that waits.
func (r *room) leave() {
	if r.counts.Vacate().Waiting() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handOutLocked(policy.Now())
}

// wait blocks until the call has a place, or returns why it has none. The least is what
// the call needs of its time once it has begun.
func (r *room) wait(ctx context.Context, call *policy.Call, began policy.Instant, least time.Duration) *policy.Refuser {
	left := noDeadline
	if deadline, ok := ctx.Deadline(); ok {
		left = policy.InstantOf(deadline).Sub(began)
	}
	w, patience, refuser := r.join(began, budgetOf(left, least), call.Criticality)
	if w == nil {
		return refuser
	}
	refuser = r.await(ctx, w, patience, rankOf(call.Criticality))
	call.Blocked(began)
	return refuser
}

// noDeadline is the time left to a call that has no deadline, and defaultBudget what it
// may wait in a burst.
const (
	noDeadline    time.Duration = math.MaxInt64
	defaultBudget               = time.Second
)

// budgetOf returns how long a call may wait that has so much time left and needs the least
// of it. An eighth is for the way back and for what is not known.
func budgetOf(left, least time.Duration) time.Duration {
	if left == noDeadline {
		return defaultBudget
	}
	return left - max(least*5/4, left/8)
}

// join queues a call, or returns why it may not wait; neither if it has got a place in
// between.
func (r *room) join(now policy.Instant, budget time.Duration, mark criticality.Mark) (*queue.Waiter, time.Duration, *policy.Refuser) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.strain(now)
	r.lines.look(now)
	for s := r.counts.Load(); s.Waiting() == 0 && !r.full(s); s = r.counts.Load() {
		if r.counts.Swap(s, s+queue.OneInFlight) {
			return nil, 0, nil
		}
	}
	rank := rankOf(mark)
	l := &r.lines.lanes[rank]
	l.came++
	patience, ok := r.lines.admits(rank, budget, mark.Cohort)
	if !ok {
		l.refuse()
		return nil, 0, &refuse.overloaded
	}
	w := l.line.Join()
	w.Since = now
	r.counts.Add(queue.OneWaiting)
	return w, patience, nil
}

// turnsAway reports whether a call would be refused at once, and counts it if so.
func (r *room) turnsAway(now policy.Instant, budget time.Duration, mark criticality.Mark) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.counts.Load(); s.Waiting() == 0 && !r.full(s) {
		return false
	}
	r.strain(now)
	r.lines.look(now)
	rank := rankOf(mark)
	if _, ok := r.lines.admits(rank, budget, mark.Cohort); ok {
		return false
	}
	r.lines.lanes[rank].came++
	r.lines.lanes[rank].refuse()
	return true
}

// await blocks until w has a place, or returns why it left without one.
func (r *room) await(ctx context.Context, w *queue.Waiter, patience time.Duration, rank int) *policy.Refuser {
	hasPlace := w.Await(ctx, patience) == queue.Served || !r.withdraw(w, rank)
	switch {
	case ctx.Err() != nil:
		if hasPlace { // handed over while the call gave up
			r.leave()
		}
		return refusedBy(ctx)
	case hasPlace:
		return nil
	default:
		return &refuse.overloaded
	}
}

// withdraw takes w out of the queue. It reports false if w has a place by now.
func (r *room) withdraw(w *queue.Waiter, rank int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines.look(policy.Now())
	l := &r.lines.lanes[rank]
	if !l.line.Leave(w) {
		return false
	}
	r.counts.Take(queue.OneWaiting)
	l.refuse()
	return true
}

// handOutLocked serves those who wait while there are places, of a class in order of
// arrival, or the newest first where its queue stands.
func (r *room) handOutLocked(now policy.Instant) {
	r.lines.look(now)
	for {
		s := r.counts.Load()
		if s.Waiting() == 0 || r.full(s) {
			return
		}
		if r.counts.Swap(s, s+queue.OneInFlight-queue.OneWaiting) {
			r.lines.serve(now)
		}
	}
}

// strain notes that calls or goroutines wait.
func (r *room) strain(now policy.Instant) {
	r.calmAt.Store(int64(now.Add(time.Second)))
	r.strained.Store(true)
}

// refuses reports whether a call that comes while so many are in flight would be refused.
func (r *room) refuses(s queue.Counts, call *policy.Call) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	left := noDeadline
	now := call.Now()
	if !call.Deadline.IsZero() {
		left = policy.InstantOf(call.Deadline).Sub(now)
	}
	rank := rankOf(call.Criticality)
	beyond := float64(s.InFlight()-int(r.places.Load())) / max(1, r.lines.flow())
	refused := beyond > r.lines.patience(rank, budgetOf(left, 0)).Seconds()
	if refused {
		r.lines.lanes[rank].refuse()
	}
	return refused
}

// retryAt returns when those who are refused now should try again.
func (r *room) retryAt() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.retry
}

// rejectedOf returns how many calls of each class were refused, the lowest first.
func (r *room) rejectedOf() [classes]uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines.rejectedOf()
}

// step ends an interval, and returns the pressure. The latency is the scheduler's.
func (r *room) step(now policy.Instant, sums *sums, latency time.Duration) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	elapsed := now.Sub(r.last)
	if elapsed <= 0 {
		return r.level
	}
	r.last = now
	w := sums.take(elapsed)
	if s := r.counts.Load(); elapsed > longPause && s.Waiting() == 0 && s.InFlight() <= 1 { // what was learned is of another time
		r.limit, w = newLimit(int(r.limit.least)), window{elapsed: elapsed, budget: w.budget}
		r.lines.forget(now)
	}
	r.lines.budget += (w.budget - r.lines.budget) / 4
	w.budget = r.lines.budget
	if w.all > time.Duration(w.ended)*w.budget/4 { // calls wait somewhere
		latency = strainLatency
	}
	r.strainOrRelaxLocked(now, latency)
	r.level = r.lines.step(&w, r.strained.Load())
	r.limit.shared = r.shared.Load()
	if r.open.Load() {
		r.limit.watch(w)
	} else {
		r.limit.step(w)
	}
	r.lines.places, r.lines.full = r.limit.value(), r.limit.phase != resting
	r.places.Store(int64(r.lines.places))
	r.handOutLocked(now)
	r.retry = time.Now().Add(time.Second)
	return r.level
}

// longPause is a time without calls after which what was learned counts for nothing.
const longPause = time.Minute

// strainOrRelaxLocked notes whether goroutines wait.
func (r *room) strainOrRelaxLocked(now policy.Instant, latency time.Duration) {
	if latency >= strainLatency {
		r.strain(now)
	} else if r.calm(now) {
		r.strained.Store(false)
	}
}

// calm reports whether no strain has been seen for a while.
func (r *room) calm(now policy.Instant) bool {
	return !r.strained.Load() || int64(now) >= r.calmAt.Load()
}

// strainLatency is the latency of the scheduler from which on calls are to meet.
const strainLatency = time.Millisecond
