package fallback

import (
	"context"
	"errors"
	"fmt"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/internal/below"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/step"
)

// Config is the configuration of a chain, besides its steps.
type Config struct {
	// Name is for errors, reports and observers. Required.
	Name string
	// When replaces the rule that says after which errors of the first step the next
	// one is tried; see the package documentation. It must be safe for concurrent use.
	When func(error) bool
	// Observer hears of the steps. Default: no observer.
	Observer step.Observer
}

// Chain gets a value from the first of its steps that can. It is immutable and
// safe for concurrent use. Make one with [New]; the zero Chain has no steps and
// must not be used.
type Chain[In, T any] struct {
	name  string
	steps *attempt.Chain[In, T]
}

// New checks the steps and makes a chain of them, in the order in which they are
// tried, with the defaults of [Config]. The first is the one that should answer. New
// reports all faults at once: an empty name, nil functions, steps after a default, a
// policy that guards two steps, and times and numbers out of range.
func New[In, T any](name string, steps ...Step[In, T]) (*Chain[In, T], error) {
	return NewWith(Config{Name: name}, steps...)
}

// NewWith does what [New] does, with a configuration.
func NewWith[In, T any](cfg Config, steps ...Step[In, T]) (*Chain[In, T], error) {
	label := fmt.Sprintf("fallback %q", cfg.Name)
	f := validate.Of(label)
	f.Require(cfg.Name != "", "name", `""`, "a name")
	built, faults := attempt.New(
		attempt.Config{Label: label, Name: cfg.Name, Observer: cfg.Observer, FallsBack: cfg.When}, unwrapped(nil, steps)...)
	if err := errors.Join(f.Err(), faults); err != nil {
		return nil, err
	}
	return &Chain[In, T]{name: cfg.Name, steps: built}, nil
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
// step that was tried, unchanged, or a [*step.Error] if several were tried. If ctx
// ends first, it is the error of ctx. A step that panics fails with a
// *policy.PanicError, after which the next step is tried.
//
// The answer's report also goes to the scope of ctx, like the report of a call:
// see [degrade.Under].
func (c *Chain[In, T]) Do(ctx context.Context, in In) (Answer[T], error) {
	run, err := do(ctx, c.steps, in, nil)
	if err != nil {
		return Answer[T]{}, err
	}
	got := &run.Answer
	a := Answer[T]{
		Value:  got.Value,
		Step:   c.steps.StepName(got.Step()),
		Report: run.Report(degrade.Source{Name: c.name}),
	}
	if got.Step() > 0 {
		a.Cause = got.Failures()[0]
	}
	run.Used(ctx)
	degrade.Merge(ctx, a.Report)
	return a, nil
}

// doing is one run and its waiter.
type doing[In, T any] struct {
	attempt.Run[In, T]

	done chan struct{} // closed once ok is set, and there is an answer
	ok   bool
}

// Took notes how the run ended, which calls it.
func (d *doing[In, T]) Took(ok bool) {
	d.ok = ok
	close(d.done)
}

// do runs the steps that come after those that have already failed, and waits for an
// answer or the end of ctx.
func do[In, T any](ctx context.Context, c *attempt.Chain[In, T], in In, failures []error) (*attempt.Run[In, T], error) {
	d := &doing[In, T]{done: make(chan struct{})}
	go d.Resume(ctx, c, in, d, failures)
	select {
	case <-d.done:
	case <-ctx.Done():
		select {
		case <-d.done: // what has arrived is not lost
		default:
			d.Abandon()
			return nil, ctx.Err()
		}
	}
	if !d.ok {
		return nil, below.Note(ctx, c.Error(d.Answer.Failures()))
	}
	return &d.Run, nil
}
