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

// responses is the instruments of responses and of the plans that make them.
type responses struct {
	runs     metric.Int64Counter
	degraded metric.Int64Counter
	fields   metric.Int64Counter

	runOptions      *memo[runID, []metric.AddOption]
	degradedOptions *memo[string, []metric.AddOption]
	fieldOptions    *memo[fieldID, []metric.AddOption]
}

// runID is a plan and the result of one of its runs.
type runID struct{ plan, outcome string }

// fieldID is a method and how fields of its responses are degraded.
type fieldID struct {
	method string
	state  degrade.State
	reason degrade.Reason
}

// nameless returns the id of such runs beyond the bound.
func (id runID) nameless() runID { return runID{other, id.outcome} }

// nameless returns the id of such fields beyond the bound.
func (id fieldID) nameless() fieldID { return fieldID{other, id.state, id.reason} }

// newResponses makes the instruments of responses.
func newResponses(m *maker) *responses {
	return &responses{
		runs:     m.counter("afloat.plan.runs", "{run}", "Runs of plans, by what came of them: complete, degraded or failed."),
		degraded: m.counter("afloat.server.degraded_responses", "{response}", "Responses of which some field is degraded."),
		fields:   m.counter("afloat.server.degraded_fields", "{field}", "Degraded fields of responses, each element of a list as one."),

		runOptions: newMemo(runID.nameless, func(id runID) []metric.AddOption {
			return adding(planKey.String(nameOf(id.plan)), planOutcomeKey.String(id.outcome))
		}),
		degradedOptions: newMemo(func(string) string { return other }, func(method string) []metric.AddOption {
			return adding(semconv.RPCMethod(methodName(method)))
		}),
		fieldOptions: newMemo(fieldID.nameless, func(id fieldID) []metric.AddOption {
			return adding(semconv.RPCMethod(methodName(id.method)),
				fieldStateKey.String(id.state.String()), fieldReasonKey.String(id.reason.String()))
		}),
	}
}

// gathered counts a run of a plan.
func (s *responses) gathered(ctx context.Context, plan string, r degrade.Report, err error) {
	if !s.runs.Enabled(ctx) {
		return
	}
	outcome := "complete"
	switch {
	case err != nil:
		outcome = "failed"
	case !r.Complete():
		outcome = "degraded"
	}
	s.runs.Add(ctx, 1, s.runOptions.of(runID{plan, outcome})...)
}

// answered counts the degraded fields of a response and names them on the span of the
// server's call.
func (s *responses) answered(ctx context.Context, r degrade.Response) {
	if r.Report.Complete() {
		return
	}
	method := r.Method
	if r.Unregistered || len(method) > maxNameBytes {
		method = other
	}
	s.degraded.Add(ctx, 1, s.degradedOptions.of(method)...)
	for m := range r.Report.Markers() {
		s.fields.Add(ctx, int64(fieldsOf(m)), s.fieldOptions.of(fieldID{method, m.State, m.Reason})...)
	}
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(degradedAttributes(r.Report)...)
	}
}

// fieldsOf returns how many fields a marker is about.
func fieldsOf(m degrade.Marker) int { return max(1, m.Count) }

// maxFieldsNamed bounds the fields that a span names.
const maxFieldsNamed = 32

// degradedAttributes names the degraded fields, as in "user stale unavailable" and
// without the keys of maps, and says how many there are.
func degradedAttributes(r degrade.Report) []attribute.KeyValue {
	var named []string
	count := r.Dropped()
	for m := range r.Markers() {
		count += fieldsOf(m)
		if len(named) < maxFieldsNamed {
			named = append(named, nameOf(fieldpath.Unkeyed(m.Path))+" "+m.State.String()+" "+m.Reason.String())
		}
	}
	return []attribute.KeyValue{degradedFieldsKey.StringSlice(named), degradedCountKey.Int(count)}
}
