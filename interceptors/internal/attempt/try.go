package attempt

import (
	"context"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/lazyscope"
)

// try is one step of one run. It is the run's context, with a scope for the step.
// It must not be copied.
type try struct {
	context.Context //nolint:containedctx // it is a context

	scope   lazyscope.Scope[degrade.Scope]
	watched *watched // nil: by nobody
	step    int
	state   atomic.Uint32
}

// watched is what a watcher makes of a try.
type watched struct {
	// ctx is the step's, as the watcher made it.
	ctx context.Context //nolint:containedctx // lives as long as the try
	// late is what the step came to that ended while it was being left behind.
	late error
}

// The states of a try.
const (
	running uint32 = iota
	leaving        // it was given up, which the watcher is yet to hear
	left           // it was given up, and runs on
	ended
)

// Value returns the scope to calls that are made under t.
func (t *try) Value(key any) any {
	if key == (lazyscope.Key{}) {
		return &t.scope
	}
	return t.Context.Value(key)
}

// close closes the scope and returns what it has gathered: of a complete value, if
// no call was made. What a scope gathers that is made later is lost.
func (t *try) close() degrade.Report {
	if s := t.scope.Made(); s != nil {
		return s.Close()
	}
	return degrade.NewReport()
}

// end says that the step has ended, and reports whether its result counts: it does
// unless the step was left behind.
func (r *Run[In, T]) end(t *try, err error) bool {
	if t.state.CompareAndSwap(running, ended) {
		r.tell(t, Ended{Err: err})
		return true
	}
	if w := t.watched; w != nil {
		w.late = err
	}
	if !t.state.CompareAndSwap(leaving, ended) {
		r.tell(t, Ended{Err: err, Late: true})
	}
	return false
}

// leave leaves the step behind, for the reason err, unless it has ended. The
// watcher hears of that first, and then that the step is late.
func (r *Run[In, T]) leave(t *try, err error) bool {
	if !t.state.CompareAndSwap(running, leaving) {
		return false
	}
	r.tell(t, Ended{Err: err, Abandoned: true})
	if !t.state.CompareAndSwap(leaving, left) && t.watched != nil {
		r.tell(t, Ended{Err: t.watched.late, Late: true})
	}
	return true
}

func (r *Run[In, T]) tell(t *try, e Ended) {
	if t.watched != nil {
		e.Answer = t.step == 0 && e.Err != nil && !e.Abandoned && r.chain.answered(e.Err)
		r.chain.watcher.Ended(t.watched.ctx, t.step, e)
	}
}
