package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// books hears of all that one tier does, passes it on to telemetry, and keeps count for
// itself. It is safe for concurrent use.
type books struct {
	*telemetry.Observer

	tier    string
	journal *journal
	reader  *metric.ManualReader
	meters  *metric.MeterProvider
	tracers *trace.TracerProvider
	spans   spanCount
	rpcs    rpcCount
	calls   sync.Map // of *callCount, by side and method
	refused sync.Map // of *atomic.Int64, by reason

	rejected, leaked atomic.Int64
}

// callCount counts the calls of one method on one side.
type callCount struct{ admitted, settled atomic.Int64 }

// countKey is what calls are counted by.
type countKey struct {
	side   policy.Side
	method string
}

// newBooks returns empty books.
func newBooks(tier string, j *journal) (*books, error) {
	b := &books{tier: tier, journal: j, reader: metric.NewManualReader()}
	b.meters = metric.NewMeterProvider(metric.WithReader(b.reader))
	b.tracers = trace.NewTracerProvider(trace.WithSpanProcessor(&b.spans))
	var err error
	b.Observer, err = telemetry.New(telemetry.WithMeterProvider(b.meters), telemetry.WithTracerProvider(b.tracers),
		telemetry.WithLogger(slog.New(slog.DiscardHandler)))
	return b, err
}

// tracing returns the option that has otelgrpc make the spans of a client. Its metrics,
// which have every name that a caller makes up, are left out.
func (b *books) tracing() grpc.DialOption {
	return grpc.WithStatsHandler(telemetry.ClientHandler(otelgrpc.NewClientHandler(
		otelgrpc.WithTracerProvider(b.tracers), otelgrpc.WithMeterProvider(noop.NewMeterProvider()))))
}

// Interest implements policy.Selective: the books need every admission.
func (b *books) Interest() policy.Interest {
	i := b.Observer.Interest()
	i.EveryAdmission = true
	return i
}

// count returns the counts for a call.
func (b *books) count(c *policy.Call) *callCount {
	key := countKey{c.Side, c.Method}
	if c.Side != policy.Local && !strings.HasPrefix(c.Method, service) {
		key.method = "strange"
	}
	n, _ := b.calls.LoadOrStore(key, new(callCount))
	return n.(*callCount) //nolint:errcheck,forcetypeassert // nothing else is stored
}

// Admitted counts the call.
func (b *books) Admitted(ctx context.Context, c *policy.Call, a policy.Admitted) context.Context {
	b.count(c).admitted.Add(1)
	if a.Waited == 0 && a.Notes == 0 {
		return ctx // telemetry did not ask to hear of it
	}
	return b.Observer.Admitted(ctx, c, a)
}

// Rejected counts the call.
func (b *books) Rejected(ctx context.Context, c *policy.Call, r policy.Rejected) {
	b.rejected.Add(1)
	n, _ := b.refused.LoadOrStore(policy.ReasonOf(r.Err), new(atomic.Int64))
	n.(*atomic.Int64).Add(1) //nolint:errcheck,forcetypeassert // nothing else is stored
	b.Observer.Rejected(ctx, c, r)
}

// Settled counts the call.
func (b *books) Settled(ctx context.Context, c *policy.Call, o *policy.Outcome) {
	b.count(c).settled.Add(1)
	b.Observer.Settled(ctx, c, o)
}

// reasons returns how many calls were refused for what.
func (b *books) reasons() string {
	var all []string
	for reason, n := range b.refused.Range {
		all = append(all, fmt.Sprintf("%v %d", reason, n.(*atomic.Int64).Load())) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// Leaked counts the stream.
func (b *books) Leaked(c *policy.Call) {
	b.leaked.Add(1)
	b.Observer.Leaked(c)
}

// StepEnded writes down how the step ended in the journal of its call.
func (b *books) StepEnded(ctx context.Context, id step.ID, e step.Ended) {
	b.journal.of(ctx).stepEnded(id, e)
	b.Observer.StepEnded(ctx, id, e)
}

// inFlight returns how many calls have been admitted and not settled.
func (b *books) inFlight() (n int64) {
	for _, c := range b.calls.Range {
		c := c.(*callCount) //nolint:errcheck,forcetypeassert // nothing else is stored
		n += c.admitted.Load() - c.settled.Load()
	}
	return n
}

// check checks that every admitted call has been settled once.
func (b *books) check(broken *breaches) {
	for k, c := range b.calls.Range {
		c := c.(*callCount) //nolint:errcheck,forcetypeassert // nothing else is stored
		if a, s := c.admitted.Load(), c.settled.Load(); a != s {
			broken.add("settled", "%s: %d calls admitted, %d settled: %+v", b.tier, a, s, k)
		}
	}
}

// meter is what one collection of a tier's metrics says: the sums, by instrument.
type meter map[string][]metricdata.DataPoint[int64]

// collect reads the metrics.
func (b *books) collect(ctx context.Context) (meter, error) {
	var all metricdata.ResourceMetrics
	if err := b.reader.Collect(ctx, &all); err != nil {
		return nil, err
	}
	m := meter{}
	for _, scope := range all.ScopeMetrics {
		for _, instrument := range scope.Metrics {
			if sum, ok := instrument.Data.(metricdata.Sum[int64]); ok {
				m[instrument.Name] = sum.DataPoints
			}
		}
	}
	return m, nil
}

// sum adds up an instrument: all of it, or what has the attribute with that value.
func (m meter) sum(instrument string, attr ...string) (n int64) {
	for _, p := range m[instrument] {
		if len(attr) == 2 {
			if v, _ := p.Attributes.Value(attrKey(attr[0])); v.AsString() != attr[1] {
				continue
			}
		}
		n += p.Value
	}
	return n
}

// refused returns how many calls were refused on a side, or given up before they could
// start.
func (m meter) refused(side string) int64 {
	return m.sum("afloat."+side+".rejections") + m.sum("afloat."+side+".cancelled")
}

// all returns how many calls there were on a side, whatever became of them.
func (m meter) all(side string) int64 { return m.sum("afloat."+side+".calls") + m.refused(side) }
