package attempt

import (
	"context"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/alternative"
	"github.com/afloat-go/afloat/interceptors/internal/lazyscope"
)

// try is one step of one run. It is the run's context, with a scope for the step.
// It must not be copied.
type try struct {
	context.Context //nolint:containedctx // it is a context

	scope   lazyscope.Scope[degrade.Scope]
	watched *watched // nil: nobody observes
	step    int
	// spare: whoever runs the step has something else if it is refused.
	spare bool
	// lowered: the answer can do without the value, so its calls matter less.
	lowered bool
	state   atomic.Uint32
}

// watched is what an observer makes of a try.
type watched struct {
	// ctx is the step's, as the observer made it.
	ctx context.Context //nolint:containedctx // lives as long as the try
	// late is what the step came to that ended while it was being left behind.
	late error
}

// The states of a try.
const (
	running uint32 = iota
	leaving        // it was given up, which the observer is yet to hear
	left           // it was given up, and runs on
	ended
)

// Value returns the scope to calls that are made under t, and how much they matter.
func (t *try) Value(key any) any {
	switch key {
	case lazyscope.Key{}:
		return &t.scope
	case alternative.Key{}:
		if t.spare {
			return true
		}
	}
	if t.lowered {
		if value, ok := criticality.Lowered(t.Context, key); ok {
			return value
		}
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
