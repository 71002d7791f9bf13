package attempt

import (
	"context"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Run is one way through a chain. It is a struct to be part of what its user
// allocates anyway, and must not be copied.
type Run[In, T any] struct {
	// Required, set before the start: whoever asked wants all or nothing.
	Required bool

	chain *Chain[In, T]
	ctx   context.Context //nolint:containedctx // lives as long as the run
	in    In
	taker Taker
	// Answer is what came of it, once the taker has heard so. It is here and not
	// handed over, because that would take a larger stack than goroutines begin with.
	Answer Answer[T]
	won    *try // the one that answered
	// current is the try that runs, once the watcher has heard of it.
	current atomic.Pointer[try]
	first   try
}

// Start runs the chain on the calling goroutine, until a step answers, all have
// failed, or a step is left behind and the run goes on elsewhere. A panic and
// runtime.Goexit of a step are failures of it.
//
// The end of ctx itself is for the caller to watch: a step that ignores it keeps
// the run from ending.
func (r *Run[In, T]) Start(ctx context.Context, c *Chain[In, T], in In, taker Taker) {
	r.Resume(ctx, c, in, taker, nil)
}

// Resume is Start for a chain whose first steps somebody else has run, with
// these failures.
func (r *Run[In, T]) Resume(ctx context.Context, c *Chain[In, T], in In, taker Taker, failures []error) {
	r.chain, r.ctx, r.in, r.taker, r.Answer.Failures = c, ctx, in, taker, failures
	r.from(len(failures))
}

// Abandon says that nobody waits for the run any more, because its context has
// ended: the step that runs is left behind. Took may still be called by another
// goroutine that was about to.
func (r *Run[In, T]) Abandon() {
	if t := r.current.Load(); t != nil {
		r.leave(t, r.ctx.Err())
	}
}

// from runs the steps from the i-th on.
func (r *Run[In, T]) from(i int) {
	for r.step(i) {
		i++
	}
}

// step runs the i-th step and reports whether the next one is for the caller to
// run.
func (r *Run[In, T]) step(i int) bool {
	t := &r.first
	if i > 0 {
		t = new(try) // who runs the one before may not have left it yet
	}
	t.Context, t.step, t.seen = r.ctx, i, t
	t.scope.Begin(r.Required, r.chain.whole)
	value, asOf, err := r.attempt(t)
	return r.end(t, err) && r.concluded(t, value, asOf, err)
}

// attempt runs the step within its bounds.
func (r *Run[In, T]) attempt(t *try) (value T, asOf time.Time, err error) {
	s := r.chain.Steps[t.step]
	limit, err := r.chain.Limit(r.ctx, t.step)
	if !limit.IsZero() {
		ctx, cancel := context.WithDeadline(r.ctx, limit)
		defer cancel()
		t.Context = ctx
	}
	if w := r.chain.watcher; w != nil {
		t.seen = w.Started(t, t.step)
	}
	r.current.Store(t)
	if err == nil {
		err = s.enter(r.ctx)
	}
	if err != nil {
		return value, asOf, err
	}
	defer s.leave()
	if !limit.IsZero() {
		defer context.AfterFunc(t.Context, func() { r.overtake(t) })()
	}
	return r.contained(t)
}

// contained runs the step so that a panic is an error.
func (r *Run[In, T]) contained(t *try) (value T, asOf time.Time, err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		panicked := recover()
		failure := &policy.PanicError{Value: panicked, Stack: debug.Stack()}
		err = failure
		if p := r.chain.panicked; p != nil {
			p(t.seen, t.step, failure, t.state.Load() != running)
		}
		if panicked == nil { // runtime.Goexit: this goroutine ends here
			go r.exited(t, err)
		}
	}()
	value, asOf, err = r.chain.Steps[t.step].guarded(t.seen, r.in)
	returned = true
	return value, asOf, err
}

// overtake leaves the step behind if it has not ended.
func (r *Run[In, T]) overtake(t *try) {
	err := r.ctx.Err()
	if err == nil {
		err = r.chain.Steps[t.step].gaveUp
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

func (r *Run[In, T]) goOn(t *try, err error) {
	var none T
	if r.concluded(t, none, time.Time{}, err) {
		r.from(t.step + 1)
	}
}

// concluded takes what the step came to, and reports whether the next one is to be
// run. Only whoever ended the try calls it.
func (r *Run[In, T]) concluded(t *try, value T, asOf time.Time, err error) bool {
	if err != nil {
		return r.failed(t, err)
	}
	r.won = t
	r.Answer.Value, r.Answer.Step = value, t.step
	if !asOf.IsZero() {
		r.Answer.Age = max(0, time.Since(asOf))
	}
	r.taker.Took(true)
	return false
}

// failed notes that the step has, and reports whether the next one is to be run.
func (r *Run[In, T]) failed(t *try, err error) bool {
	t.scope.Close()
	r.Answer.Failures = append(r.Answer.Failures, err)
	if t.step == 0 {
		r.Answer.Ended = policy.Now()
	}
	if t.step+1 < len(r.chain.Steps) && r.ctx.Err() == nil && (t.step > 0 || r.chain.FallsBack(err)) {
		return true
	}
	r.taker.Took(false)
	return false
}
