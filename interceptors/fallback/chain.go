package fallback

import (
	"context"
	"errors"
	"fmt"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// Chain gets a value from the first of its steps that can. It is immutable and
// safe for concurrent use. Make one with [New]; the zero Chain has no steps and
// must not be used.
type Chain[In, T any] struct {
	name  string
	steps *attempt.Chain[In, T]
}

// New checks the steps and makes a chain of them. The name is for errors, reports and
// observers. New reports all faults at once: an empty name, nil functions, steps after
// a Default, a policy that guards two steps, and times and numbers out of range.
func New[In, T any](name string, steps Steps[In, T], opts ...Option) (*Chain[In, T], error) {
	o, err := optionsOf(opts)
	label := fmt.Sprintf("fallback %q", name)
	f := validate.Of(label)
	f.Require(name != "", "name", `""`, "a name")
	built, faults := steps.builder.Build(label, Watch(o.observer, "", name, steps.builder.Names()))
	if err := errors.Join(err, f.Err(), faults); err != nil {
		return nil, err
	}
	return &Chain[In, T]{name: name, steps: built}, nil
}

// Answer is a value and its origin.
type Answer[T any] struct {
	Value T
	// Step is the name of the step that answered.
	Step string
	// Report says what is degraded in the value. If it is from a fallback, the
	// report marks the path "". It also has what the calls made for the value
	// reported.
	Report degrade.Report
	// Cause is why the first step did not answer, nil if it did.
	Cause error
}

// Do gets the value for in. If no step answers, the error is that of the only
// step that was tried, unchanged, or an [*Error] if several were tried. If ctx
// ends first, it is the error of ctx. A step that panics fails with a
// [policy.PanicError], after which the next step is tried.
//
// The answer's report also goes to the scope of ctx, like the report of a call:
// see [degrade.Under].
func (c *Chain[In, T]) Do(ctx context.Context, in In) (Answer[T], error) {
	run, err := do(ctx, c.name, c.steps, in, nil)
	if err != nil {
		return Answer[T]{}, err
	}
	got := &run.Answer
	a := Answer[T]{
		Value:  got.Value,
		Step:   c.steps.Steps[got.Step()].Name,
		Report: run.Report(degrade.Source{Name: c.name}),
	}
	if got.Step() > 0 {
		a.Cause = got.Failures()[0]
	}
	run.Used(ctx)
	degrade.Merge(ctx, a.Report)
	return a, nil
}
