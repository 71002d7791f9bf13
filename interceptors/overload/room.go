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
	// strained: calls wait, or goroutines do.
	strained atomic.Bool

	mu    sync.Mutex // held while somebody waits, joins or leaves, and for a step
	lanes [classes]lane
	limit *limit
	ends  rate          // of calls that ended well
	took  time.Duration // by a call, lately
	// budget is how long calls can wait, as of late.
	budget time.Duration
	last   policy.Instant
	// looked is when it was noted last how many wait.
	looked policy.Instant
	// calmAt is when the strain is over, if none is seen until then.
	calmAt atomic.Int64
	// retry is when to try again, for those who are refused now.
	retry time.Time
	level float64 // of pressure
}

// init readies a room with so many places.
func (r *room) init(places int, now policy.Instant) {
	r.limit, r.budget = newLimit(places), defaultBudget
	r.places.Store(int64(places))
	r.last, r.looked = now, now
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
	r.lookLocked(now)
	for s := r.counts.Load(); s.Waiting() == 0 && !r.full(s); s = r.counts.Load() {
		if r.counts.Swap(s, s+queue.OneInFlight) {
			return nil, 0, nil
		}
	}
	rank := rankOf(mark)
	l := &r.lanes[rank]
	l.came++
	patience := allowed(budget, r.goodLocked(), l.stands, r.burstLocked())
	if patience <= 0 || l.cutsOff(mark.Cohort) || r.expectedLocked(rank) > patience {
		l.refuse()
		return nil, 0, &refuse.overloaded
	}
	w := l.line.Join()
	w.Since = now
	r.counts.Add(queue.OneWaiting)
	return w, patience, nil
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
	r.lookLocked(policy.Now())
	l := &r.lanes[rank]
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
	r.lookLocked(now)
	for {
		s := r.counts.Load()
		if s.Waiting() == 0 || r.full(s) {
			return
		}
		if !r.counts.Swap(s, s+queue.OneInFlight-queue.OneWaiting) {
			continue
		}
		l := r.nextLocked()
		l.serve(now, l.stands >= r.burstLocked()/2)
	}
}

// nearly is the share of what can be answered from which on there are more calls than that
// for a class: its queue would grow long by chance alone.
const nearly = 0.95

// nextLocked returns whose turn it is: that of the class whose first has waited longest, and
// in a crowd that of the highest one. Somebody waits.
func (r *room) nextLocked() *lane {
	crowd := r.crowdLocked()
	var next *lane
	for i := classes - 1; i >= 0; i-- {
		l := &r.lanes[i]
		switch {
		case l.line.Empty():
		case next == nil, !crowd && l.line.First(false).Since < next.line.First(false).Since:
			next = l
		}
	}
	return next
}

// crowdLocked reports whether more waits than a burst may bring: then calls are served by
// what they matter, else in order of arrival.
func (r *room) crowdLocked() bool {
	for i := range r.lanes {
		if r.lanes[i].refused > 0 {
			return true
		}
	}
	waiting := float64(r.counts.Load().Waiting())
	return r.lanes[0].stands >= r.burstLocked()/4 || waiting > r.flowLocked()*r.budget.Seconds()/3
}

// lookLocked notes how much has waited since the last look. For a class, those of higher
// classes are ahead.
func (r *room) lookLocked(now policy.Instant) {
	elapsed := now.Sub(r.looked)
	r.looked = now
	flow, good, burst := r.flowLocked(), r.goodLocked(), r.burstLocked()
	ahead, comes := 0, 0.0
	for i := classes - 1; i >= 0; i-- {
		ahead, comes = ahead+r.lanes[i].line.Len(), comes+r.lanes[i].arrivals.perSecond
		r.lanes[i].stand(float64(ahead) > flow*good.Seconds(), comes > nearly*flow, elapsed, burst)
	}
}

// goodLocked returns how long calls may wait where the queue stands: about as long as
// they do without overload.
func (r *room) goodLocked() time.Duration {
	return max(5*time.Millisecond, r.took/2, time.Duration(float64(8*time.Second)/max(r.flowLocked(), 1)))
}

// burstLocked returns how long a burst may take to drain: the time of a thousand calls.
func (r *room) burstLocked() time.Duration {
	const shortest, longest = 500 * time.Millisecond, 10 * time.Second
	return min(longest, max(shortest, time.Duration(float64(1000*time.Second)/max(r.flowLocked(), 1))))
}

// flowLocked returns how many calls can end per second: as many as do, or as the places
// make possible.
func (r *room) flowLocked() float64 {
	flow := r.ends.perSecond
	if r.took > 0 {
		flow = max(flow, float64(r.places.Load())/r.took.Seconds())
	}
	return flow
}

// expectedLocked returns how long a call of a class that comes now would wait. Where the
// queue stands, only what is left by higher classes is there for it; a burst of theirs is
// soon over.
func (r *room) expectedLocked(rank int) time.Duration {
	flow := r.flowLocked()
	if flow <= 0 {
		return 0 // nothing is known
	}
	own, ahead := &r.lanes[rank], 1
	for i := rank; i < classes; i++ {
		ahead += r.lanes[i].line.Len()
	}
	if own.stands >= r.burstLocked()/2 {
		flow = max(own.starts.perSecond, flow/50)
	}
	return time.Duration(float64(ahead) / flow * float64(time.Second))
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
	l := &r.lanes[rankOf(call.Criticality)]
	patience := allowed(budgetOf(left, 0), r.goodLocked(), l.stands, r.burstLocked())
	beyond := float64(s.InFlight()-int(r.places.Load())) / max(1, r.flowLocked())
	refused := beyond > patience.Seconds()
	if refused {
		l.refuse()
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
func (r *room) rejectedOf() (all [classes]uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.lanes {
		all[i] = r.lanes[i].total
	}
	return all
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
	if elapsed > longPause && r.counts.Load() == 0 { // what was learned is of another time
		r.forgetLocked()
	}
	w := sums.take(elapsed)
	r.budget += (w.budget - r.budget) / 4
	w.budget = r.budget
	if w.all > time.Duration(w.ended)*r.budget/4 { // calls wait somewhere
		latency = strainLatency
	}
	r.strainOrRelaxLocked(now, latency)
	if mean := w.mean(); mean > 0 {
		r.took += (mean - r.took) / 2
	}
	if r.strained.Load() {
		r.ends.add(float64(w.good), elapsed)
	}
	came, refused, waits := 0, 0, 0.0
	for i := range r.lanes {
		came, refused = came+r.lanes[i].came, refused+r.lanes[i].refused
		waits = max(waits, r.lanes[i].step(w.came[i], elapsed, r.goodLocked()))
	}
	if r.open.Load() {
		r.limit.watch(w)
	} else {
		r.limit.step(w)
	}
	r.places.Store(int64(r.limit.value()))
	r.handOutLocked(now)
	r.retry = time.Now().Add(time.Second)
	r.level = max(waits, float64(refused)/float64(max(1, came)))
	return r.level
}

// longPause is a time without calls after which what was learned counts for nothing.
const longPause = time.Minute

// forgetLocked begins anew.
func (r *room) forgetLocked() {
	r.limit, r.budget, r.took, r.ends, r.level = newLimit(int(r.limit.least)), defaultBudget, 0, rate{}, 0
	for i := range r.lanes {
		r.lanes[i] = lane{total: r.lanes[i].total}
	}
}

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
