package fanout

import (
	"context"
	"log/slog"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Observer hears of runs. It must be safe for concurrent use and must not block.
// Embed [NopObserver] to implement it in part and to stay compatible when methods
// are added.
type Observer interface {
	// StepStarted: a step of a source is about to run. The context that it returns
	// is the step's.
	StepStarted(ctx context.Context, s Step) context.Context
	// StepEnded: a step has ended, with its own error whether or not a fallback
	// answers, or has been left behind. A step that had been left behind and ends
	// after all is told once more, as late: its value was dropped. The context is
	// what StepStarted returned.
	StepEnded(ctx context.Context, s Step, err error, late bool)
	// Gathered: a run has ended. The report says what was degraded; err is why
	// there is no response.
	Gathered(ctx context.Context, plan string, r degrade.Report, err error)
}

// Step is one step of a source of a plan.
type Step struct {
	Plan string
	// Source is the path of the source's field.
	Source string
	// Name is the step's: that of the source is its path.
	Name string
	// Fallback: it is not the first.
	Fallback bool
}

// NopObserver does nothing. Embed it to implement [Observer] in part.
type NopObserver struct{}

// StepStarted returns ctx.
func (NopObserver) StepStarted(ctx context.Context, _ Step) context.Context { return ctx }

// StepEnded does nothing.
func (NopObserver) StepEnded(context.Context, Step, error, bool) {}

// Gathered does nothing.
func (NopObserver) Gathered(context.Context, string, degrade.Report, error) {}

// contained stops the panics of an observer.
type contained struct{ o Observer }

func (c contained) StepStarted(ctx context.Context, s Step) (out context.Context) {
	out = ctx
	defer contain()
	if own := c.o.StepStarted(ctx, s); own != nil {
		out = own
	}
	return out
}

func (c contained) StepEnded(ctx context.Context, s Step, err error, late bool) {
	defer contain()
	c.o.StepEnded(ctx, s, err, late)
}

func (c contained) Gathered(ctx context.Context, plan string, r degrade.Report, err error) {
	defer contain()
	c.o.Gathered(ctx, plan, r, err)
}

func contain() { _ = recover() }

// watcher tells the observer of the steps of one source, and the log of their
// panics.
type watcher struct {
	plan, source string
	steps        []string
	observer     Observer
	logger       *slog.Logger
}

// watch makes a watcher of a source. What is told to the observer is nil if there
// is none.
func (c Config) watch(source string, steps []string) (*watcher, attempt.Watcher) {
	w := &watcher{plan: c.Name, source: source, steps: steps, observer: c.Observer, logger: c.Logger}
	if c.Observer == nil {
		return w, nil
	}
	return w, w
}

func (w *watcher) step(i int) Step {
	return Step{Plan: w.plan, Source: w.source, Name: w.steps[i], Fallback: i > 0}
}

// Started is called by the attempt.
func (w *watcher) Started(ctx context.Context, step int) context.Context {
	return w.observer.StepStarted(ctx, w.step(step))
}

// Ended is called by the attempt.
func (w *watcher) Ended(ctx context.Context, step int, err error, late bool) {
	w.observer.StepEnded(ctx, w.step(step), err, late)
}

// panicked logs a panic.
func (w *watcher) panicked(ctx context.Context, step int, p *policy.PanicError, late bool) {
	l := w.logger
	if l == nil {
		l = slog.Default()
	}
	l.ErrorContext(ctx, "a source panicked", "plan", w.plan, "source", w.source, "step", w.steps[step],
		"panic", p.Error(), "late", late, "stack", string(p.Stack))
}
