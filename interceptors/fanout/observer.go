package fanout

import (
	"context"
	"log/slog"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/step"
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
	step.Observer
	// Gathered: a run has ended. The report says what is degraded. err says why
	// there is no response, nil if there is one.
	Gathered(ctx context.Context, plan string, r degrade.Report, err error)
}

// NopObserver does nothing. Embed it to implement [Observer] in part.
type NopObserver struct{ step.NopObserver }

// Gathered does nothing.
func (NopObserver) Gathered(context.Context, string, degrade.Report, error) {}

// LogTo returns an observer that logs each answer by a fallback at info. l must
// not be nil.
func LogTo(l *slog.Logger) Observer { return logger{Observer: step.LogTo(l)} }

type logger struct {
	step.Observer
	NopObserver
}
