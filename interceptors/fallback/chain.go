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

// New checks the steps and makes a chain of them. The name is for errors,
// reports and observers. All faults are reported at once: no name,
// functions that are nil, steps after a Default, a policy that guards two steps, times and numbers
// out of range.
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

// Answer is a value and where it comes from.
type Answer[T any] struct {
	Value T
	// Step is the name of the step that answered.
	Step string
	// Report says what is degraded in the value: that it comes from another step
	// than the first, at the path "", and what calls that were made for it said.
	Report degrade.Report
	// Cause is why the first step did not answer, nil if it did.
	Cause error
}

// Do gets the value for in. If no step answers, the error is the very error of
// the one that was tried, or an [*Error] of several; if ctx ends first, its
// error. A panic of a step is a [policy.PanicError], and a reason to fall back.
//
// What the answer's report says is also said of what is made under ctx, as that
// of a call would be: see [degrade.Under].
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
