package fallback

import (
	"context"
	"log/slog"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
)

// Observer hears of the steps of chains and clients. It must be safe for
// concurrent use and must not block. Embed [NopObserver] to implement it in part
// and to stay compatible when methods are added.
type Observer interface {
	// StepStarted: a step is about to run. The context that it returns is the
	// step's.
	StepStarted(ctx context.Context, chain, step string) context.Context
	// StepEnded: a step has ended, with an error that is the original one whether
	// or not a fallback answers, or has been left behind. A step that had been left
	// behind and ends after all is told once more, as late. The context is what
	// StepStarted returned.
	StepEnded(ctx context.Context, chain, step string, err error, late bool)
	// FellBack: another step than the first answered.
	FellBack(ctx context.Context, f FellBack)
}

// FellBack is an answer by another step than the first.
type FellBack struct {
	// Chain is the chain's name, or the method of a call.
	Chain string
	// Step is who answered, State and Age what the answer is.
	Step  string
	State degrade.State
	Age   time.Duration
	// Cause is why the first step did not.
	Cause error
}

// NopObserver does nothing. Embed it to implement [Observer] in part.
type NopObserver struct{}

// StepStarted returns ctx.
func (NopObserver) StepStarted(ctx context.Context, _, _ string) context.Context { return ctx }

// StepEnded does nothing.
func (NopObserver) StepEnded(context.Context, string, string, error, bool) {}

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
	o.l.InfoContext(ctx, "fallback answered",
		"chain", f.Chain, "step", f.Step, "state", f.State, "reason", degrade.ReasonOf(f.Cause), "age", f.Age)
}

// watcher tells an observer of a chain's steps.
type watcher struct {
	observer Observer
	name     string
	steps    []string
}

// watch is nil if nobody listens.
func watch[In, T any](o Observer, name string, b attempt.Builder[In, T]) attempt.Watcher {
	if o == nil {
		return nil
	}
	return watcher{observer: o, name: name, steps: b.Names()}
}

// Started is called by the run.
func (w watcher) Started(ctx context.Context, step int) context.Context {
	return w.observer.StepStarted(ctx, w.name, w.steps[step])
}

// Ended is called by the run.
func (w watcher) Ended(ctx context.Context, step int, err error, late bool) {
	w.observer.StepEnded(ctx, w.name, w.steps[step], err, late)
}
