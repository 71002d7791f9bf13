package attempt

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// DefaultMaxRunning is how many of a step may run at once.
const DefaultMaxRunning = 1024

// Builder describes a chain. It is a value: each method returns another one and
// leaves the receiver as it was. Faults are reported by Build.
type Builder[In, T any] struct {
	steps []spec[In, T]
	// When says after which errors the next step is tried. Nil: after failures of
	// the dependency and refusals.
	When func(error) bool
	// Answered says which errors of the first step are answers, that there is no
	// value: after them no other step is tried. Nil: none is.
	Answered func(error) bool
	// Panicked is told of the panics of steps. Nil: nobody is.
	Panicked func(ctx context.Context, step int, err *policy.PanicError, late bool)
	// Overtime: the default, if there is one, is run even if the time of the run is over,
	// because somebody waits for it still, see [Run.Hurry].
	Overtime bool
	// Whole: the value is the response of a call as it is.
	Whole bool
}

// spec is a step as it was described.
type spec[In, T any] struct {
	name       string
	state      degrade.State
	get        func(ctx context.Context, in In) (T, time.Time, error)
	instant    bool
	timeout    *time.Duration
	needs      *time.Duration
	guards     []policy.Policy
	maxRunning *int
}

// Then adds a step. A nil f is a fault.
func (b Builder[In, T]) Then(name string, state degrade.State, f func(context.Context, In) (T, error)) Builder[In, T] {
	s := spec[In, T]{name: name, state: state}
	if f != nil {
		s.get = func(ctx context.Context, in In) (T, time.Time, error) {
			value, err := f(ctx, in)
			return value, time.Time{}, err
		}
	}
	return b.with(s)
}

// Stale adds a step that says how old its value is.
func (b Builder[In, T]) Stale(name string, f func(context.Context, In) (T, time.Time, error)) Builder[In, T] {
	return b.with(spec[In, T]{name: name, state: degrade.Stale, get: f})
}

// Default adds a step that cannot fail.
func (b Builder[In, T]) Default(f func(In) T) Builder[In, T] {
	s := spec[In, T]{name: "default", state: degrade.Defaulted, instant: true}
	if f != nil {
		s.get = func(_ context.Context, in In) (T, time.Time, error) { return f(in), time.Time{}, nil }
	}
	return b.with(s)
}

func (b Builder[In, T]) with(s spec[In, T]) Builder[In, T] {
	b.steps = append(slices.Clip(b.steps), s)
	return b
}

// Timeout bounds the step that was added last.
func (b Builder[In, T]) Timeout(d time.Duration) Builder[In, T] {
	return b.last(func(s *spec[In, T]) { s.timeout = &d })
}

// Needs is the least time that the step added last is started with.
func (b Builder[In, T]) Needs(d time.Duration) Builder[In, T] {
	return b.last(func(s *spec[In, T]) { s.needs = &d })
}

// Guard puts the step that was added last under policies.
func (b Builder[In, T]) Guard(policies ...policy.Policy) Builder[In, T] {
	return b.last(func(s *spec[In, T]) { s.guards = append(slices.Clip(s.guards), policies...) })
}

// MaxRunning bounds how many of the step added last run at once.
func (b Builder[In, T]) MaxRunning(n int) Builder[In, T] {
	return b.last(func(s *spec[In, T]) { s.maxRunning = &n })
}

// last changes the step that was added last.
func (b Builder[In, T]) last(change func(*spec[In, T])) Builder[In, T] {
	if len(b.steps) == 0 {
		return b // Build says so
	}
	b.steps = slices.Clone(b.steps)
	change(&b.steps[len(b.steps)-1])
	return b
}

// Names are the names of the steps.
func (b Builder[In, T]) Names() []string {
	names := make([]string, len(b.steps))
	for i, s := range b.steps {
		names[i] = s.name
	}
	return names
}

// Build makes the chain. The label, as in `fallback "profile"`, begins each
// fault; all of them are reported at once.
func (b Builder[In, T]) Build(label string, w Watcher) (*Chain[In, T], error) {
	c := &Chain[In, T]{whole: b.Whole, FallsBack: b.When, answered: b.Answered, watcher: w, panicked: b.Panicked}
	if c.FallsBack == nil {
		c.FallsBack = FallsBack
	}
	if c.answered == nil {
		c.answered = func(error) bool { return false }
	}
	c.Overtime = b.Overtime && len(b.steps) > 0 && b.steps[len(b.steps)-1].instant
	f := validate.Of(label)
	f.Require(len(b.steps) > 0, "steps", "none", "at least one")
	b.order(f)
	b.shared(f)
	faults := []error{f.Err()}
	for i, s := range b.steps {
		var guards policy.Observer
		if w != nil {
			guards = w.Guards(i)
		}
		step, err := s.build(label, guards)
		c.Steps, faults = append(c.Steps, step), append(faults, err)
	}
	return c, errors.Join(faults...)
}

// build makes one step, of whose policies o hears.
func (s spec[In, T]) build(label string, o policy.Observer) (*Step[In, T], error) {
	at := fmt.Sprintf("%s, step %q", label, s.name)
	f := validate.Of(at)
	f.Require(s.name != "", "name", `""`, "a name")
	f.Require(s.get != nil, "function", "nil", "a function")
	step := &Step[In, T]{Name: s.name, State: s.state, get: s.get, instant: s.instant, maxRunning: DefaultMaxRunning}
	if s.timeout != nil {
		step.timeout = *s.timeout
		validate.Between(f, "timeout", step.timeout, time.Millisecond, 24*time.Hour)
	}
	if s.needs != nil {
		step.needs = *s.needs
		validate.Between(f, "needs", step.needs, time.Microsecond, 24*time.Hour)
	}
	if s.maxRunning != nil {
		step.maxRunning = int64(*s.maxRunning)
		validate.Between(f, "max_running", step.maxRunning, 1, 1_000_000)
	}
	if s.instant {
		const unset = "unset: a default is at hand"
		f.Require(s.timeout == nil, "timeout", step.timeout, unset)
		f.Require(s.needs == nil, "needs", step.needs, unset)
		f.Require(s.guards == nil, "guard", "set", unset)
	}
	if len(s.guards) > 0 {
		guard, err := policy.NewChain(s.guards, policy.WithObserver(o))
		if step.guard = guard; err != nil {
			return step, errors.Join(f.Err(), fmt.Errorf("%s: %w", at, err))
		}
	}
	step.refusals(label)
	return step, f.Err()
}

// order requires that a default, which cannot fail, is last.
func (b Builder[In, T]) order(f *validate.Faults) {
	for i, s := range b.steps {
		f.Require(!s.instant || i == len(b.steps)-1, "default", fmt.Sprintf("step %d of %d", i+1, len(b.steps)), "the last step")
	}
}

// shared requires that no two steps stand under one policy: what refuses the
// one would refuse the other.
func (b Builder[In, T]) shared(f *validate.Faults) {
	owners := map[policy.Policy]int{}
	for i, s := range b.steps {
		for _, p := range s.guards {
			if p == nil || !reflect.ValueOf(p).Comparable() {
				continue
			}
			owner, taken := owners[p]
			f.Require(!taken || owner == i, fmt.Sprintf("guard of step %q", s.name),
				fmt.Sprintf("the %T of step %q", p, b.steps[owner].name), "one of its own")
			owners[p] = i
		}
	}
}
