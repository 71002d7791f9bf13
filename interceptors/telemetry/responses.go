package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
)

// plans is the instruments of responses and of the plans that make them.
type plans struct {
	runs      metric.Int64Counter
	responses metric.Int64Counter
	fields    metric.Int64Counter

	ran      *memo[runID, []metric.AddOption]
	answered *memo[string, []metric.AddOption]
	degraded *memo[degradedID, []metric.AddOption]
}

// runID is a plan and the result of one of its runs.
type runID struct{ plan, outcome string }

// degradedID is a method and how fields of its responses are degraded.
type degradedID struct {
	method string
	state  degrade.State
	reason degrade.Reason
}

func (id runID) nameless() runID { return runID{other, id.outcome} }

func (id degradedID) nameless() degradedID { return degradedID{other, id.state, id.reason} }

func newPlans(m *maker) *plans {
	return &plans{
		runs:      m.counter("afloat.plan.runs", "{run}", "Runs of plans, by what came of them: complete, degraded or failed."),
		responses: m.counter("afloat.server.degraded_responses", "{response}", "Responses of which some field is degraded."),
		fields:    m.counter("afloat.server.degraded_fields", "{field}", "Degraded fields of responses, each element of a list as one."),

		ran: newMemo(runID.nameless, func(id runID) []metric.AddOption {
			return adding(planKey.String(id.plan), planOutcomeKey.String(id.outcome))
		}),
		answered: newMemo(func(string) string { return other }, func(method string) []metric.AddOption {
			return adding(semconv.RPCMethod(methodName(method)))
		}),
		degraded: newMemo(degradedID.nameless, func(id degradedID) []metric.AddOption {
			return adding(semconv.RPCMethod(methodName(id.method)),
				fieldStateKey.String(id.state.String()), fieldReasonKey.String(id.reason.String()))
		}),
	}
}

// Gathered implements fanout.Observer. It counts the run.
func (o *Observer) Gathered(ctx context.Context, plan string, r degrade.Report, err error) {
	if !o.plans.runs.Enabled(ctx) {
		return
	}
	outcome := "complete"
	switch {
	case err != nil:
		outcome = "failed"
	case !r.Complete():
		outcome = "degraded"
	}
	o.plans.runs.Add(ctx, 1, o.plans.ran.of(runID{plan, outcome})...)
}

// Answered implements [degrade.Observer]. It counts the degraded fields and names
// them on the span of the server's call.
func (o *Observer) Answered(ctx context.Context, r degrade.Response) {
	if r.Report.Complete() {
		return
	}
	method := r.Method
	if r.Unregistered {
		method = other
	}
	o.plans.responses.Add(ctx, 1, o.plans.answered.of(method)...)
	for m := range r.Report.Markers() {
		o.plans.fields.Add(ctx, int64(fieldsOf(m)), o.plans.degraded.of(degradedID{method, m.State, m.Reason})...)
	}
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(degradedAttributes(r.Report)...)
	}
}

// fieldsOf is how many fields a marker is about.
func fieldsOf(m degrade.Marker) int { return max(1, m.Count) }

// maxFieldsSaid bounds the fields that a span names.
const maxFieldsSaid = 32

// degradedAttributes name the degraded fields, as in "user stale unavailable" and
// without the keys of maps, and say how many there are.
func degradedAttributes(r degrade.Report) []attribute.KeyValue {
	var said []string
	count := r.Dropped()
	for m := range r.Markers() {
		count += fieldsOf(m)
		if len(said) < maxFieldsSaid {
			said = append(said, fieldpath.Unkeyed(m.Path)+" "+m.State.String()+" "+m.Reason.String())
		}
	}
	return []attribute.KeyValue{degradedFieldsKey.StringSlice(said), degradedCountKey.Int(count)}
}
