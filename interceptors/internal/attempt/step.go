package attempt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// DefaultMaxRunning is how many of a step may run at once.
const DefaultMaxRunning = 1024

// Step describes one way to get a value. It is itself a value: each method returns
// another one and leaves the receiver as it was, so several chains may have it.
// Faults are reported by [New].
type Step[In, T any] struct {
	name       string
	state      degrade.State
	get        func(ctx context.Context, in In) (T, time.Time, error)
	instant    bool
	timeout    *time.Duration
	needs      *time.Duration
	guards     []policy.Policy
	maxRunning *int
	// lacks says what the step was made without, nil for a function.
	lacks *lack
	// detail is for whoever made the step, nil if there is nothing to know.
	detail any
	// kept: the value was kept by whoever runs the chain.
	kept bool
	// keeping makes get, and what keeps the values of the first step for it, of a chain
	// with the label. Nil: get is there, and keeps nothing.
	keeping func(label string) Keeping[In, T]
}

// Keeping is a step that answers with what the first step gave before.
type Keeping[In, T any] struct {
	// Get finds a value, and says when it was current.
	Get func(ctx context.Context, in In) (T, time.Time, error)
	// Keep keeps a value that the first step gave.
	Keep func(ctx context.Context, in In, value T)
}

// lack is something that a step cannot be made without.
type lack struct{ what, want string }

// To returns a step that calls f. A nil f is a fault.
func To[In, T any](name string, f func(context.Context, In) (T, error)) Step[In, T] {
	s := Step[In, T]{name: name, state: degrade.Substituted}
	if f != nil {
		s.get = func(ctx context.Context, in In) (T, time.Time, error) {
			value, err := f(ctx, in)
			return value, time.Time{}, err
		}
	}
	return s
}

// Stale returns a step that says how old its value is.
func Stale[In, T any](name string, f func(context.Context, In) (T, time.Time, error)) Step[In, T] {
	return Step[In, T]{name: name, state: degrade.Stale, get: f}
}

// Default returns a step that cannot fail.
func Default[In, T any](f func(In) T) Step[In, T] {
	s := Step[In, T]{name: "default", state: degrade.Defaulted, instant: true}
	if f != nil {
		s.get = func(_ context.Context, in In) (T, time.Time, error) { return f(in), time.Time{}, nil }
	}
	return s
}

// Without returns the step for a fault: what it should be made of is nil, and must be
// what is wanted.
func (s Step[In, T]) Without(what, wanted string) Step[In, T] {
	s.get, s.keeping, s.lacks = nil, nil, &lack{what, wanted}
	return s
}

// With returns the step with a detail for whoever made it.
func (s Step[In, T]) With(detail any) Step[In, T] {
	s.detail = detail
	return s
}

// Detail returns what [Step.With] was given, nil if nothing was.
func (s Step[In, T]) Detail() any { return s.detail }

// Kept returns the step for chains whose user keeps values only, see [Config.Keeps].
func (s Step[In, T]) Kept() Step[In, T] {
	s.kept = true
	return s
}

// LastGood returns a step that answers with what the first step of its chain gave before.
// The label, which is the chain's, tells its values from those of others.
func LastGood[In, T any](name string, keeping func(label string) Keeping[In, T]) Step[In, T] {
	return Step[In, T]{name: name, state: degrade.Stale, keeping: keeping}
}

// Timeout returns the step with a bound on its time.
func (s Step[In, T]) Timeout(d time.Duration) Step[In, T] {
	s.timeout = &d
	return s
}

// Needs returns the step with the least time that it is started with.
func (s Step[In, T]) Needs(d time.Duration) Step[In, T] {
	s.needs = &d
	return s
}

// Guard returns the step under more policies.
func (s Step[In, T]) Guard(policies ...policy.Policy) Step[In, T] {
	s.guards = append(slices.Clip(s.guards), policies...)
	return s
}

// MaxRunning returns the step with a bound on how many of it run at once.
func (s Step[In, T]) MaxRunning(n int) Step[In, T] {
	s.maxRunning = &n
	return s
}

// Name returns the name of the step.
func (s Step[In, T]) Name() string { return s.name }

// IsStale reports whether the step answers with an old value.
func (s Step[In, T]) IsStale() bool { return s.state == degrade.Stale }

// Bounds returns the time of the step, 0 if it has none of its own, and how many of it
// may run at once.
func (s Step[In, T]) Bounds() (timeout time.Duration, maxRunning int) {
	maxRunning = DefaultMaxRunning
	if s.maxRunning != nil {
		maxRunning = *s.maxRunning
	}
	if s.timeout != nil {
		timeout = *s.timeout
	}
	return timeout, maxRunning
}

// Needed returns the least time that the step is started with, 0 if it has none.
func (s Step[In, T]) Needed() time.Duration {
	if s.needs == nil {
		return 0
	}
	return *s.needs
}

// build checks the step and makes a stage of the labelled chain of it, of whose
// policies o hears.
func (s Step[In, T]) build(label string, o policy.Observer) (*stage[In, T], error) {
	at := fmt.Sprintf("%s, step %q", label, s.name)
	f := validate.Of(at)
	f.Require(s.name != "", "name", `""`, "a name")
	var keep func(context.Context, In, T)
	if s.keeping != nil && s.lacks == nil {
		k := s.keeping(label)
		s.get, keep = k.Get, k.Keep
	}
	lacks := cmp.Or(s.lacks, &lack{"function", "a function"})
	f.Require(s.get != nil, lacks.what, "nil", lacks.want)
	made := &stage[In, T]{name: s.name, state: s.state, get: s.get, keep: keep, instant: s.instant, label: label}
	s.bound(f, made)
	var err error
	if len(s.guards) > 0 {
		if made.guard, err = policy.NewChain(s.guards, policy.WithObserver(o)); err != nil {
			err = fmt.Errorf("%s: %w", at, err)
		}
	}
	return made, errors.Join(f.Err(), err)
}

// bound checks the bounds of the step and gives them to the stage.
func (s Step[In, T]) bound(f *validate.Faults, made *stage[In, T]) {
	timeout, maxRunning := s.Bounds()
	made.timeout, made.maxRunning = timeout, int64(maxRunning)
	validate.Between(f, "max_running", maxRunning, 1, 1_000_000)
	if s.timeout != nil {
		validate.Between(f, "timeout", timeout, time.Millisecond, 24*time.Hour)
	}
	if s.needs != nil {
		made.needs = *s.needs
		validate.Between(f, "needs", made.needs, time.Microsecond, 24*time.Hour)
	}
	if s.instant {
		const unset = "unset: a default is at hand"
		f.Require(s.timeout == nil, "timeout", timeout, unset)
		f.Require(s.needs == nil, "needs", made.needs, unset)
		f.Require(s.guards == nil, "guard", "set", unset)
	}
}
