package telemetry

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// running is a step that runs, and its span.
type running struct {
	step.ID

	span trace.Span
}

type runningKey struct{}

// StepStarted implements [step.Observer]. It begins the span of the step.
func (o *Observer) StepStarted(ctx context.Context, s step.ID) context.Context {
	if !o.tracing {
		return ctx
	}
	said := o.steps.said.of(s)
	ctx, span := o.tracer.Start(ctx, said.span, said.start...)
	return context.WithValue(ctx, runningKey{}, &running{ID: s, span: span})
}

// StepEnded implements [step.Observer]. It ends the span of the step and counts
// failures, steps that are left behind, and steps that end after that.
func (o *Observer) StepEnded(ctx context.Context, s step.ID, e step.Ended) {
	switch {
	case e.Late:
		o.steps.abandoned.Add(ctx, -1, o.steps.said.of(s).add...)
		if !heeded(e.Err) {
			o.steps.late.Add(ctx, 1, o.steps.said.of(s).add...)
			o.lateSpan(ctx, s, e)
		}
		return
	case e.Abandoned:
		o.steps.abandoned.Add(ctx, 1, o.steps.said.of(s).add...)
	}
	if isFailure(e) && o.steps.failures.Enabled(ctx) {
		o.steps.failures.Add(ctx, 1, o.steps.failed.of(failureID{s, errorType(e.Err)})...)
	}
	if r, ok := ctx.Value(runningKey{}).(*running); ok && r.ID == s {
		describe(r.span, e)
		r.span.End()
	}
}

// heeded reports whether a step that was left behind ended because its context had
// ended. Such a step is necessarily a moment late, and had no value that could have
// been used.
func heeded(err error) bool {
	code := policy.Code(err)
	return code == codes.DeadlineExceeded || code == codes.Canceled
}

// lateSpan makes a short span for the end of a step whose own span has ended long
// ago, and links it to that.
func (o *Observer) lateSpan(ctx context.Context, s step.ID, e step.Ended) {
	if !o.tracing {
		return
	}
	said := o.steps.said.of(s)
	_, span := o.tracer.Start(ctx, said.span+" (late)", append(slices.Clip(said.start),
		trace.WithLinks(trace.LinkFromContext(ctx)), trace.WithAttributes(lateKey.Bool(true)))...)
	describe(span, e)
	span.End()
}
