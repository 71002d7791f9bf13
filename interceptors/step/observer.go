package step

import (
	"context"
	"log/slog"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// Observer hears of the steps of chains, of methods with fallbacks and of the sources
// of plans; every fanout.Observer is one too. It must be safe for concurrent use and
// must not block. Its panics are recovered and dropped. Embed [NopObserver] to
// implement it in part and to stay compatible when methods are added.
//
// An Observer does not hear of a client's own call as a step. The observers of
// its policies and gRPC's stats handlers do.
//
// An Observer that is also a policy.Observer hears of the calls that the guards of
// steps admit and refuse; their method is the result of [ID.String]. Everything
// else that policies report goes to their own observers.
type Observer interface {
	// StepStarted: a step's turn has come. The returned context becomes the
	// step's; nil leaves it unchanged.
	StepStarted(ctx context.Context, id ID) context.Context
	// StepEnded is called once for each StepStarted, before the result of the step
	// is used. For a step that was left behind, it is called a second time if the
	// step ever ends. The context is the one that StepStarted returned.
	StepEnded(ctx context.Context, id ID, e Ended)
	// FellBack: the value of a fallback is used.
	FellBack(ctx context.Context, f FellBack)
}

// ID identifies one step.
type ID struct {
	// Plan is the name of the plan, empty outside of one.
	Plan string
	// Chain is the chain's name, the method of a call, or the path of a plan's
	// source.
	Chain string
	// Name is the step's own name.
	Name string
	// Fallback: the step is not the first.
	Fallback bool
}

// String returns, for example, "GetDashboard products" for a source of a plan,
// and "GetDashboard products: recently viewed" for one of its fallbacks.
func (id ID) String() string {
	name := id.Chain
	if id.Plan != "" {
		name = id.Plan + " " + name
	}
	if id.Name != id.Chain {
		name += ": " + id.Name
	}
	return name
}

// Ended says how a step ended.
type Ended struct {
	// Err is the step's own error, whether or not a fallback answers, or nil. If
	// the step was left behind, it is the reason for that.
	//
	// A step that could not be started has ended too: with a *policy.Rejection
	// that wraps [ErrNoTime] or [ErrRunning], or context.Canceled if its caller
	// was gone, or with the refusal of one of its guards.
	Err error
	// Answer: Err is not a failure but the answer that there is no value, as
	// NOT_FOUND is for an optional source of a plan.
	Answer bool
	// Abandoned: the step was left behind at the end of its time or of the run, and
	// is still running.
	Abandoned bool
	// Late: the step was left behind earlier and has ended now. Its value is
	// dropped.
	Late bool
}

// FellBack describes an answer by a fallback.
type FellBack struct {
	// Plan and Chain are as in [ID].
	Plan, Chain string
	// Step is the name of the step that answered. State and Age are those of the
	// answer.
	Step  string
	State degrade.State
	Age   time.Duration
	// Cause is why the first step did not answer.
	Cause error
}

// NopObserver does nothing. Embed it to implement [Observer] in part.
type NopObserver struct{}

// StepStarted returns ctx.
func (NopObserver) StepStarted(ctx context.Context, _ ID) context.Context { return ctx }

// StepEnded does nothing.
func (NopObserver) StepEnded(context.Context, ID, Ended) {}

// FellBack does nothing.
func (NopObserver) FellBack(context.Context, FellBack) {}

// LogTo returns an observer that logs each answer by a fallback at info,
// because it is not an error but planned for. l must not be nil.
func LogTo(l *slog.Logger) Observer { return logger{l: l} }

type logger struct {
	NopObserver

	l *slog.Logger
}

// FellBack logs the answer.
func (o logger) FellBack(ctx context.Context, f FellBack) {
	attrs := make([]slog.Attr, 0, 6)
	if f.Plan != "" {
		attrs = append(attrs, slog.String("plan", f.Plan))
	}
	o.l.LogAttrs(ctx, slog.LevelInfo, "fallback answered", append(attrs,
		slog.String("chain", f.Chain), slog.String("step", f.Step), slog.Any("state", f.State),
		slog.Any("reason", degrade.ReasonOf(f.Cause)), slog.Duration("age", f.Age))...)
}
