package attempt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/contain"
	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// Config is what a chain has besides its steps.
type Config struct {
	// Label, as in `fallback "profile"`, begins each fault and the errors of steps that
	// were not started.
	Label string
	// Plan and Name are those that observers know the chain by. The name is also that
	// of its errors.
	Plan, Name string
	// Observer hears of the steps. Nil: nobody does.
	Observer step.Observer
	// FallsBack says after which errors of the first step the next one is tried. Nil:
	// after failures of the dependency and refusals. After the error of a fallback the
	// next one always is: only the first step's word counts.
	FallsBack func(error) bool
	// Answered says which errors of the first step are answers, that there is no
	// value: after them no other step is tried. Nil: none is.
	Answered func(error) bool
	// Panicked is told of the panics of steps, late if the step had been left behind.
	// Nil: they are logged, to slog.Default().
	Panicked func(ctx context.Context, step string, err *policy.PanicError, late bool)
	// Overtime: the default, if there is one, is run even if the time of the run is over,
	// because somebody waits for it still, see [Run.Hurry].
	Overtime bool
	// Optional: there is an answer without the value too.
	Optional bool
	// Dispensable: whoever asks for the answer can do without the value, so that the calls
	// for it matter less.
	Dispensable bool
	// Whole: the value is the response of a call as it is.
	Whole bool
	// Keeps: the user of the chain keeps good values for the steps that are [Step.Kept].
	Keeps bool
}

// withDefaults returns c with its rules filled in where they are nil.
func (c Config) withDefaults() Config {
	if c.FallsBack == nil {
		c.FallsBack = fallsBack
	}
	if c.Answered == nil {
		c.Answered = func(error) bool { return false }
	}
	return c
}

// panicked tells of the panic of a step, or logs it.
func (c *Config) panicked(ctx context.Context, step string, p *policy.PanicError, late bool) {
	if c.Panicked != nil {
		c.Panicked(ctx, step, p, late)
		return
	}
	slog.ErrorContext(ctx, "a step panicked", "chain", c.Name, "step", step,
		"panic", excerpt.Of(p.Error()), "late", late, "stack", string(p.Stack))
}

// Chain is the steps to one value. It is immutable. Make one with [New].
type Chain[In, T any] struct {
	cfg    *settings
	stages []*stage[In, T]
	// nameOf returns the name of an input, for the log of a panic. Nil: it is the step's.
	nameOf func(In) string
}

// settings are what a chain has besides its stages.
type settings struct {
	Config

	ids []step.ID // of the stages, if there is an observer
	// keeps: some stage keeps the values of the first one.
	keeps bool
}

// New checks the steps and makes a chain of them. It reports all faults at once.
func New[In, T any](cfg Config, steps ...Step[In, T]) (*Chain[In, T], error) {
	cfg = cfg.withDefaults()
	cfg.Overtime = cfg.Overtime && len(steps) > 0 && steps[len(steps)-1].instant
	c := &Chain[In, T]{cfg: &settings{Config: cfg}, stages: make([]*stage[In, T], 0, len(steps))}
	f := validate.Of(cfg.Label)
	f.Require(len(steps) > 0, "steps", "none", "at least one")
	order(f, steps, cfg.Keeps)
	shared(f, steps)
	faults := []error{f.Err()}
	for i, s := range steps {
		id := step.ID{Plan: cfg.Plan, Chain: cfg.Name, Name: s.name, Fallback: i > 0}
		made, err := s.build(cfg.Label, guardsOf(cfg.Observer, id))
		c.cfg.keeps = c.cfg.keeps || made.keep != nil
		if c.stages = append(c.stages, made); cfg.Observer != nil {
			c.cfg.ids = append(c.cfg.ids, id)
		}
		faults = append(faults, err)
	}
	if len(c.stages) > 0 {
		c.stages[0].state = degrade.Intact
	}
	return c, errors.Join(faults...)
}

// order, which words nothing that is as it should be, requires that the first step may give the value as it should be, that a
// default, which cannot fail, is last, and that kept values are kept.
func order[In, T any](f *validate.Faults, steps []Step[In, T], keeps bool) {
	for i, s := range steps {
		if i == 0 && (s.state == degrade.Stale || s.state == degrade.Defaulted) {
			f.Require(false, "first step", fmt.Sprintf("%q, whose value is %v", s.name, s.state), "one whose value is as it should be")
		}
		if s.instant && i < len(steps)-1 {
			f.Require(false, "default", fmt.Sprintf("step %d of %d", i+1, len(steps)), "the last step")
		}
		if s.kept && !keeps {
			f.Require(false, fmt.Sprintf("step %q", s.name), "of responses that are kept",
				"for a method of a client: chains and plans have LastGood")
		}
		if s.keeping != nil && keeps {
			f.Require(false, fmt.Sprintf("step %q", s.name), "of values that a chain keeps",
				"made by the method itself: see Method.LastGood")
		}
	}
}

// shared requires that no two steps stand under one policy: what refuses the
// one would refuse the other.
func shared[In, T any](f *validate.Faults, steps []Step[In, T]) {
	var owners map[policy.Policy]int
	for i, s := range steps {
		if owners == nil && len(s.guards) > 0 {
			owners = map[policy.Policy]int{}
		}
		for _, p := range s.guards {
			if p == nil || !reflect.ValueOf(p).Comparable() {
				continue
			}
			owner, taken := owners[p]
			f.Require(!taken || owner == i, fmt.Sprintf("guard of step %q", s.name),
				fmt.Sprintf("the %T of step %q", p, steps[owner].name), "one of its own")
			owners[p] = i
		}
	}
}

// fallsBack implements the default of [Config.FallsBack]. Codes that it does not name
// are the dependency's answer.
func fallsBack(err error) bool {
	switch policy.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.Unknown, codes.DataLoss, codes.ResourceExhausted:
		return true
	default:
		return false
	}
}

// nameAt returns the name of the i-th step for an input.
func (c *Chain[In, T]) nameAt(i int, in In) string {
	if c.nameOf != nil {
		return c.nameOf(in)
	}
	return c.stages[i].name
}

// StepName returns the name of the i-th step.
func (c *Chain[In, T]) StepName(i int) string { return c.stages[i].name }

// Overtime reports whether the chain has a default that is run even if the time of the
// run is over.
func (c *Chain[In, T]) Overtime() bool { return c.cfg.Overtime }

// FallsBack reports whether the second step is tried after an error of the first.
func (c *Chain[In, T]) FallsBack(err error) bool { return c.cfg.FallsBack(err) }

// GoesOn reports whether a run has more steps to run if its context has ended for the
// reason err, nil if it has not.
func (c *Chain[In, T]) GoesOn(err error) bool {
	return err == nil || c.cfg.Overtime && errors.Is(err, context.DeadlineExceeded)
}

// Error returns the error of a run whose first steps failed with these: the error
// itself if there is one, and a [step.Error] if there are several.
func (c *Chain[In, T]) Error(failures []error) error {
	if len(failures) == 1 {
		return failures[0]
	}
	e := &step.Error{Chain: c.cfg.Name}
	for i, err := range failures {
		e.Failures = append(e.Failures, step.Failure{Step: c.stages[i].name, Err: err})
	}
	return e
}

// instantShare is what a step that needs no time is left, for the machine may
// be busy.
const instantShare = 5 * time.Millisecond

// Limit returns when the i-th step must have ended, zero if nothing but ctx ends it,
// or why it must not be started now. It reads the clock only where there is something
// to share.
func (c *Chain[In, T]) Limit(ctx context.Context, i int) (time.Time, error) {
	s := c.stages[i]
	if s.unbounded(i == len(c.stages)-1) {
		return time.Time{}, nil
	}
	end, bounded := ctx.Deadline()
	switch {
	case bounded:
	case s.timeout > 0:
		return time.Now().Add(s.timeout), nil
	default:
		return time.Time{}, nil
	}
	now := time.Now()
	left := end.Sub(now)
	if left <= 0 || left < s.needs {
		return time.Time{}, s.refused().noTime
	}
	share := left - c.reserved(i, left)
	if s.timeout > 0 {
		share = min(share, s.timeout)
	}
	return now.Add(share), nil
}

// reserved returns what of the time left is kept for the steps after the i-th: what
// they need, or a quarter each, but half of it at most. The sum ends there, because a
// few quarters of a caller's centuries are more than a duration can hold.
func (c *Chain[In, T]) reserved(i int, left time.Duration) time.Duration {
	var sum time.Duration
	for _, s := range c.stages[i+1:] {
		if sum >= left/2 {
			break
		}
		switch {
		case s.needs > 0:
			sum += s.needs
		case s.instant:
			sum += min(left/20, instantShare)
		default:
			sum += left / 4
		}
	}
	return min(sum, left/2)
}

// keep gives a value of the first step, which ran under t, to the stages that keep it,
// unless something in it is known to be degraded. What panics in there costs nothing that
// was good.
func (c *Chain[In, T]) keep(t *try, in In, value T) {
	defer contain.Panic()
	if r := t.close(); !r.Complete() {
		return
	}
	for _, s := range c.stages {
		if s.keep != nil {
			s.keep(t, in, value)
		}
	}
}

// started tells the observer, if there is one, that the i-th step's turn has come, and
// returns the context for the step.
func (c *Chain[In, T]) started(ctx context.Context, i int) (out context.Context) {
	out = ctx
	defer contain.Panic()
	if own := c.cfg.Observer.StepStarted(ctx, c.cfg.ids[i]); own != nil {
		out = own
	}
	return out
}

// ended tells the observer how the i-th step did.
func (c *Chain[In, T]) ended(ctx context.Context, i int, e step.Ended) {
	defer contain.Panic()
	c.cfg.Observer.StepEnded(ctx, c.cfg.ids[i], e)
}

// fellBack tells the observer that the answer of the i-th step is used.
func (c *Chain[In, T]) fellBack(ctx context.Context, i int, age time.Duration, cause error) {
	defer contain.Panic()
	c.cfg.Observer.FellBack(ctx, step.FellBack{
		Plan: c.cfg.Plan, Chain: c.cfg.Name, Step: c.stages[i].name, State: c.stages[i].state, Age: age, Cause: cause,
	})
}
