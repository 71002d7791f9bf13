package telemetry_test

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// FuzzTexts has methods, targets, names and error texts be anything: what is exported is
// UTF-8, since one string that is not costs the whole batch.
func FuzzTexts(f *testing.F) {
	for _, s := range []string{"", "/a.B/C", "\xff\xfe", "\x00", "\x1b[2J", "dns:///\xff", "[::1]:99999", "/\u200b/", strings.Repeat("x", 100_000)} {
		f.Add(s, s, uint32(14))
	}
	f.Add("/a.B/C", "dial tcp 10.0.0.1:443: connection refused", uint32(1<<31))
	f.Fuzz(func(t *testing.T, name, text string, code uint32) {
		b := newBackend(t)
		ctx := context.Background()
		err := status.Error(codes.Code(code), text)
		for _, s := range []policy.Side{policy.Client, policy.Server, policy.Local} {
			call := policy.Call{Method: name, Target: text, Side: s}
			b.Rejected(ctx, &call, policy.Rejected{Err: &policy.Rejection{Kind: name, Name: text, Reason: policy.Reason(name), Err: err}, Waited: time.Second})
			b.Settled(ctx, &call, &policy.Outcome{Err: err})
			b.Transition(policy.Transition{Kind: name, Name: text, Target: name, Side: s, From: text, To: name, Cause: text})
		}
		id := step.ID{Plan: name, Chain: text, Name: name}
		b.StepEnded(b.StepStarted(ctx, id), id, step.Ended{Err: err})
		b.FellBack(ctx, step.FellBack{Plan: name, Chain: text, Step: text, State: degrade.Stale, Cause: err})
		b.Answered(ctx, degrade.Response{Method: name, Report: degrade.NewReport(degrade.Marker{Path: text, State: degrade.Missing})})
		b.RulesApplied(name, 1)
		wantUTF8(t, b)
		if b.records.Len() > 0 && !utf8.Valid(b.records.Bytes()) {
			t.Errorf("log: %q", b.records)
		}
	})
}

// wantUTF8 checks all spans and metrics.
func wantUTF8(tb testing.TB, b *backend) {
	tb.Helper()
	check := func(what, s string) {
		if !utf8.ValidString(s) {
			tb.Errorf("%s is not UTF-8: %q", what, s)
		}
	}
	all := func(what string, attrs []attribute.KeyValue) {
		for _, a := range attrs {
			check(what+" "+string(a.Key), a.Value.String())
		}
	}
	for _, s := range b.spans.GetSpans() {
		check("the name of a span", s.Name)
		check("the status of a span", s.Status.Description)
		all("on a span", s.Attributes)
	}
	var m metricdata.ResourceMetrics
	if err := b.reader.Collect(context.Background(), &m); err != nil {
		tb.Fatal(err)
	}
	for _, scope := range m.ScopeMetrics {
		for _, instrument := range scope.Metrics {
			switch data := instrument.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					all(instrument.Name, p.Attributes.ToSlice())
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					all(instrument.Name, p.Attributes.ToSlice())
				}
			}
		}
	}
}
