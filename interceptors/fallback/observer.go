package fallback

import (
	"context"
	"log/slog"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// Observer hears of the steps of chains, of clients and of the sources of plans:
// a fanout.Observer is one too. It must be safe for concurrent use and must not
// block; one that panics harms nothing. Embed [NopObserver] to implement it in part
// and to stay compatible when methods are added.
//
// The call that a client makes itself is no step to an Observer: the observers of
// its policies hear of it, and gRPC's stats handlers.
//
// An Observer that is a [policy.Observer] as well hears of the calls that the guards
// of steps admit and refuse, under the step's name as [Step.String] has it. What else
// policies report they report to observers of their own.
type Observer interface {
	// StepStarted: it is a step's turn. The context that it returns is the step's.
	StepStarted(ctx context.Context, s Step) context.Context
	// StepEnded is called once for each StepStarted, before anything comes of the
	// step, and once more for a step that was left behind, if it ever ends. The
	// context is what StepStarted returned.
	StepEnded(ctx context.Context, s Step, e Ended)
	// FellBack: the value of another step than the first is used.
	FellBack(ctx context.Context, f FellBack)
}

// Step is one step to a value.
type Step struct {
	// Plan is the name of the plan, empty outside of one.
	Plan string
	// Chain is the chain's name, the method of a call, or the path of a source of a
	// plan.
	Chain string
	// Name is the step's own.
	Name string
	// Fallback: it is not the first.
	Fallback bool
}

// String is "GetDashboard products" for the source of a plan, and
// "GetDashboard products: recently viewed" for a fallback of it.
func (s Step) String() string {
	name := s.Chain
	if s.Plan != "" {
		name = s.Plan + " " + name
	}
	if s.Name != s.Chain {
		name += ": " + s.Name
	}
	return name
}

// Ended is how a step did.
type Ended struct {
	// Err is nil, or the step's own error, whether or not a fallback answers. Of a
	// step that was left behind it is why.
	//
	// A step that was not started has ended too: with a [policy.Rejection] around
	// [ErrNoTime] or [ErrRunning], around context.Canceled if nobody waited for it
	// any more, or with that of one of its guards.
	Err error
	// Answer: Err is no failure but what the step had to say, that there is no
	// value. Of an optional source of a plan NOT_FOUND is an answer.
	Answer bool
	// Abandoned: the step was left behind, at the end of its time or of the run, and
	// runs on.
	Abandoned bool
	// Late: the step had been left behind and has ended now. Its value was dropped.
	Late bool
}

// FellBack is a value of another step than the first.
type FellBack struct {
	// Plan and Chain are as in [Step].
	Plan, Chain string
	// Step is the name of who answered, State and Age what the answer is.
	Step  string
	State degrade.State
	Age   time.Duration
	// Cause is why the first step did not answer.
	Cause error
}

// NopObserver does nothing. Embed it to implement [Observer] in part.
type NopObserver struct{}

// StepStarted returns ctx.
func (NopObserver) StepStarted(ctx context.Context, _ Step) context.Context { return ctx }

// StepEnded does nothing.
func (NopObserver) StepEnded(context.Context, Step, Ended) {}

// FellBack does nothing.
func (NopObserver) FellBack(context.Context, FellBack) {}

// LogTo returns an observer that logs each answer by a fallback at info: it is
// what was planned for, not an error.
func LogTo(l *slog.Logger) Observer { return logger{l: l} }

type logger struct {
	NopObserver

	l *slog.Logger
}

func (o logger) FellBack(ctx context.Context, f FellBack) {
	attrs := make([]slog.Attr, 0, 6)
	if f.Plan != "" {
		attrs = append(attrs, slog.String("plan", f.Plan))
	}
	o.l.LogAttrs(ctx, slog.LevelInfo, "fallback answered", append(attrs,
		slog.String("chain", f.Chain), slog.String("step", f.Step), slog.Any("state", f.State),
		slog.Any("reason", degrade.ReasonOf(f.Cause)), slog.Duration("age", f.Age))...)
}
