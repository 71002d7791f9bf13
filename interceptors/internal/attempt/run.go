package attempt

import (
	"context"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/below"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// Run is one way through a chain. It is a struct to be part of what its user
// allocates anyway, and must not be copied.
type Run[In, T any] struct {
	chain *Chain[In, T]
	in    In
	taker Taker
	// Answer is what came of it, once the taker has heard so. It is here and not
	// handed over, because that would take a larger stack than goroutines begin with.
	Answer Answer[T]
	// current is the try that runs. That of the first step is left out if nobody
	// observes and there is no default for overtime: nothing is to be known of it then
	// when the run is abandoned.
	current atomic.Pointer[try]
	first   try
	moved   bool // see Moved
}

// Require notes, before the start, whether whoever asked wants all or nothing.
func (r *Run[In, T]) Require(all bool) { r.first.scope.Required = all }

// Start runs the chain on the calling goroutine, until a step answers, all have
// failed, or a step is left behind and the run goes on elsewhere. A panic and
// runtime.Goexit of a step are failures of it.
//
// The end of ctx itself is for the caller to watch: a step that ignores it keeps
// the run from ending. Start reports whether the run has ended on this goroutine.
func (r *Run[In, T]) Start(ctx context.Context, c *Chain[In, T], in In, taker Taker) bool {
	return r.Resume(ctx, c, in, taker, nil)
}

// Resume does what Start does, for a chain whose first steps somebody else has run,
// with these failures.
func (r *Run[In, T]) Resume(ctx context.Context, c *Chain[In, T], in In, taker Taker, failures []error) bool {
	r.chain, r.in, r.taker, r.first.Context = c, in, taker, ctx
	if len(failures) > 0 {
		r.Answer.detour = &detour{failures: failures}
	}
	return r.from(len(failures))
}

// Moved reports whether the run goes on on another goroutine than the one that started
// it, because a step was left behind there or ended it. It is for the taker.
func (r *Run[In, T]) Moved() bool { return r.moved }

// Abandon notes that nobody waits for the run any more, because its context has
// ended. It reports whether a step is left behind thereby: then the failures of
// those before it may be read. If not, nothing of the answer may, and Took may still
// be called.
func (r *Run[In, T]) Abandon() bool {
	t := r.current.Load()
	return t != nil && r.leave(t, t.Err())
}

// Hurry makes the run give its default, because its time is over but somebody waits
// still. It is for chains with Overtime. The step that runs is left behind, and the run
// goes on elsewhere; what is between is skipped for want of time.
func (r *Run[In, T]) Hurry() {
	t := r.current.Load()
	if t == nil || r.chain.stages[t.step].instant { // it goes on by itself
		return
	}
	if err := t.Err(); r.leave(t, err) {
		go r.goOn(t, err)
	}
}

// from runs the steps from the i-th on, and reports whether the run has ended by that. If
// not, it goes on elsewhere.
func (r *Run[In, T]) from(i int) bool {
	c := r.step(i)
	for ; c == next; c = r.step(i) {
		i++
	}
	return c == over
}

// step runs the i-th step.
func (r *Run[In, T]) step(i int) course {
	t := &r.first
	if i > 0 { // who runs the one before may not have left it yet
		t = &try{Context: r.first.Context, step: i}
		t.scope.Required = r.first.scope.Required
	}
	t.scope.Whole = r.chain.cfg.Whole
	t.lowered = r.chain.cfg.Dispensable && !t.scope.Required
	t.spare = !t.scope.Required && (r.chain.cfg.Optional || i < len(r.chain.stages)-1)
	value, asOf, err := r.attempt(t)
	if r.end(t, err) {
		return r.concluded(t, value, asOf, err)
	}
	return elsewhere
}

// attempt runs the step within its bounds.
func (r *Run[In, T]) attempt(t *try) (value T, asOf time.Time, err error) {
	s := r.chain.stages[t.step]
	ctx := context.Context(t)
	limit, err := r.chain.Limit(t, t.step)
	if !limit.IsZero() {
		limited, cancel := context.WithDeadline(t, limit)
		defer cancel()
		ctx = limited
	}
	if r.chain.cfg.Observer != nil {
		ctx = r.chain.started(ctx, t.step)
		t.watched = &watched{ctx: ctx}
	}
	if t.watched != nil || t.step > 0 || r.chain.cfg.Overtime {
		r.current.Store(t)
	}
	if err == nil {
		err = s.enter(t, r.chain.cfg.Overtime)
	}
	if err != nil {
		return value, asOf, err
	}
	if !limit.IsZero() {
		defer context.AfterFunc(ctx, func() { r.overtake(t) })()
	}
	return r.contained(ctx, t)
}

// contained runs the step, which was counted in, so that a panic is an error, and counts
// it out.
func (r *Run[In, T]) contained(ctx context.Context, t *try) (value T, asOf time.Time, err error) {
	s, returned := r.chain.stages[t.step], false
	defer func() {
		s.leave()
		if !returned {
			err = r.panicked(ctx, t, recover())
		}
	}()
	value, asOf, err = s.guarded(ctx, r.in)
	returned = true
	return value, asOf, err
}

// panicked returns the error of a step that panicked with the value, or ended its
// goroutine if that is nil: then the run goes on elsewhere.
func (r *Run[In, T]) panicked(ctx context.Context, t *try, value any) error {
	err := &policy.PanicError{Value: value, Stack: debug.Stack()}
	err.Tell(ctx)
	r.chain.cfg.panicked(ctx, r.chain.nameAt(t.step, r.in), err, r.late(ctx, t))
	if value == nil {
		go r.exited(t, err)
	}
	return err
}

// late reports whether the step that runs under ctx has been left behind. Of most it is
// known by their context only; but the time of a default may be over before its turn.
func (r *Run[In, T]) late(ctx context.Context, t *try) bool {
	if r.chain.stages[t.step].instant {
		return t.state.Load() != running
	}
	return ctx.Err() != nil
}

// overtake leaves the step behind if it has not ended.
func (r *Run[In, T]) overtake(t *try) {
	err := t.Err()
	if err == nil {
		err = r.chain.stages[t.step].refused().gaveUp
	}
	if r.leave(t, err) {
		r.goOn(t, err)
	}
}

// exited goes on for a step that ended its goroutine.
func (r *Run[In, T]) exited(t *try, err error) {
	if r.end(t, err) {
		r.goOn(t, err)
	}
}

// goOn runs the steps after the one that failed with err, on this goroutine.
func (r *Run[In, T]) goOn(t *try, err error) {
	var none T
	r.moved = true
	if r.concluded(t, none, time.Time{}, err) == next {
		r.from(t.step + 1)
	}
}

// concluded takes what the step came to, and returns whether the next one is to be run or
// all is over. Only whoever ended the try calls it.
func (r *Run[In, T]) concluded(t *try, value T, asOf time.Time, err error) course {
	if err != nil {
		return r.failed(t, err)
	}
	if r.chain.cfg.keeps && t.step == 0 {
		r.chain.keep(t, r.in, value)
	}
	r.Answer.Value = value
	if d := r.Answer.detour; d != nil {
		d.won = t
		if !asOf.IsZero() {
			d.age = max(0, time.Since(asOf))
		}
	}
	r.taker.Took(true)
	return over
}

// failed notes that the step has, and returns what concluded does.
func (r *Run[In, T]) failed(t *try, err error) course {
	t.close()
	_ = below.Note(t, err)
	if t.step == 0 {
		r.Answer.detour = &detour{ended: policy.Now()}
	}
	r.Answer.detour.failures = append(r.Answer.detour.failures, err)
	goesOn := t.step > 0 || !r.chain.cfg.Answered(err) && r.chain.cfg.FallsBack(err)
	if goesOn && t.step+1 < len(r.chain.stages) && r.chain.GoesOn(t.Err()) {
		return next
	}
	r.taker.Took(false)
	return over
}

// end notes that the step has ended, and reports whether its result counts: it does
// unless the step was left behind.
func (r *Run[In, T]) end(t *try, err error) bool {
	if t.state.CompareAndSwap(running, ended) {
		r.tell(t, step.Ended{Err: err})
		return true
	}
	if w := t.watched; w != nil {
		w.late = err
	}
	if !t.state.CompareAndSwap(leaving, ended) {
		r.tell(t, step.Ended{Err: err, Late: true})
	}
	return false
}

// leave leaves the step behind, for the reason err, unless it has ended. The
// observer hears of that first, and then that the step is late.
func (r *Run[In, T]) leave(t *try, err error) bool {
	if !t.state.CompareAndSwap(running, leaving) {
		return false
	}
	r.tell(t, step.Ended{Err: err, Abandoned: true})
	if !t.state.CompareAndSwap(leaving, left) && t.watched != nil {
		r.tell(t, step.Ended{Err: t.watched.late, Late: true})
	}
	return true
}

// tell tells the observer, if there is one, how the step did.
func (r *Run[In, T]) tell(t *try, e step.Ended) {
	if t.watched != nil {
		e.Answer = t.step == 0 && e.Err != nil && !e.Abandoned && r.chain.cfg.Answered(e.Err)
		r.chain.ended(t.watched.ctx, t.step, e)
	}
}

// Used notes that the answer is used, of which the observer hears if it is not the
// first step's.
func (r *Run[In, T]) Used(ctx context.Context) {
	if a := &r.Answer; r.chain.cfg.Observer != nil && a.Step() > 0 {
		r.chain.fellBack(ctx, a.Step(), a.Age(), a.Failures()[0])
	}
}

// Plain reports whether there is nothing to say of the answer: the first step
// answered, and under its context nobody was asked.
func (r *Run[In, T]) Plain() bool { return r.Answer.detour == nil && r.first.scope.Made() == nil }

// Report closes the scope of the step that answered and returns what there is to
// say of the answer, in the value's paths: what calls said, and that it does not
// come from the first step. The source is the chain's, for operators. It is for
// runs with an answer, once each.
func (r *Run[In, T]) Report(source degrade.Source) degrade.Report {
	d := r.Answer.detour
	if d == nil {
		return r.first.close()
	}
	s, cause := r.chain.stages[d.won.step], d.failures[0]
	source.Code, source.Fallback = policy.Code(cause), s.name
	fellBack := degrade.Marker{State: s.state, Reason: degrade.ReasonOf(cause), Age: d.age, Source: source}
	return degrade.Union(degrade.NewReport(fellBack), d.won.close())
}
