package fanout

import (
	"context"
	"log/slog"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Observer hears of runs and of the steps of their sources, including those of
// elements. It must be safe for concurrent use and must not block. Its panics are
// recovered and dropped. Embed [NopObserver] to implement it in part and to stay
// compatible when methods are added.
type Observer interface {
	// Observer hears of the steps. A step's Plan is the plan's name and its Chain
	// the path of the source's field; the source itself is the step whose name is
	// that path. Steps that have not ended with the run are reported as abandoned
	// before Gathered.
	fallback.Observer
	// Gathered: a run has ended. The report says what is degraded. err says why
	// there is no response, nil if there is one.
	Gathered(ctx context.Context, plan string, r degrade.Report, err error)
}

// NopObserver does nothing. Embed it to implement [Observer] in part.
type NopObserver struct{ fallback.NopObserver }

// Gathered does nothing.
func (NopObserver) Gathered(context.Context, string, degrade.Report, error) {}

// LogTo returns an observer that logs each answer by a fallback at info. l must
// not be nil.
func LogTo(l *slog.Logger) Observer { return logger{Observer: fallback.LogTo(l)} }

type logger struct {
	fallback.Observer
	NopObserver
}

// gathered tells the observer of a run, and recovers its panics.
func (c *Config) gathered(ctx context.Context, r degrade.Report, err error) {
	if c.Observer == nil {
		return
	}
	defer func() { _ = recover() }()
	c.Observer.Gathered(ctx, c.Name, r, err)
}

// panicked returns what logs the panics of the steps of a source.
func (c Config) panicked(source string, steps []string) func(context.Context, int, *policy.PanicError, bool) {
	return func(ctx context.Context, step int, p *policy.PanicError, late bool) {
		l := c.Logger
		if l == nil {
			l = slog.Default()
		}
		l.ErrorContext(ctx, "a source panicked", "plan", c.Name, "source", source, "step", steps[step],
			"panic", p.Error(), "late", late, "stack", string(p.Stack))
	}
}
