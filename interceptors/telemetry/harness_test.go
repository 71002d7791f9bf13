package telemetry_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

var errDown = status.Error(codes.Unavailable, "down")

// backend is an SDK that keeps what it gets in memory, and an observer that reports
// to it. Everything is as in production but for where it ends up.
type backend struct {
	*telemetry.Observer

	tracers *trace.TracerProvider
	meters  *metric.MeterProvider
	spans   *tracetest.InMemoryExporter
	reader  *metric.ManualReader
	records *bytes.Buffer
}

func newBackend(tb testing.TB) *backend {
	tb.Helper()
	b := &backend{spans: tracetest.NewInMemoryExporter(), reader: metric.NewManualReader(), records: &bytes.Buffer{}}
	b.tracers = trace.NewTracerProvider(trace.WithSyncer(b.spans))
	b.meters = metric.NewMeterProvider(metric.WithReader(b.reader))
	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	var err error
	b.Observer, err = telemetry.New(
		telemetry.WithTracerProvider(b.tracers), telemetry.WithMeterProvider(b.meters),
		telemetry.WithLogger(slog.New(slog.NewTextHandler(b.records, &slog.HandlerOptions{ReplaceAttr: withoutTime}))),
	)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// guard makes rules of the policies that the observer hears of.
func (b *backend) guard(tb testing.TB, policies ...rules.Template) *rules.Rules {
	tb.Helper()
	list, err := rules.New([]rules.Rule{{Match: "*", Policies: policies}}, rules.WithObserver(b))
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

// traced is the options of otelgrpc.
func (b *backend) traced() []otelgrpc.Option {
	return []otelgrpc.Option{
		otelgrpc.WithTracerProvider(b.tracers), otelgrpc.WithMeterProvider(b.meters),
		otelgrpc.WithPropagators(propagation.TraceContext{}),
	}
}

// serve runs the rig's service under rules, and returns a client that has rules of
// its own; both with otelgrpc. It must be called in the bubble of the test.
func (b *backend) serve(t *testing.T, rig rpctest.Rig, server, client *rules.Rules, more ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	lis := b.listen(t, func(s *grpc.Server) { s.RegisterService(rig.Desc(), rig) }, interceptors.ServerOptions(server)...)
	return b.dial(t, lis, append(interceptors.DialOptions(client), more...)...)
}

// listen runs a server with otelgrpc.
func (b *backend) listen(t *testing.T, register func(*grpc.Server), opts ...grpc.ServerOption) *bufconn.Listener {
	t.Helper()
	lis := bufconn.Listen(1 << 16)
	server := grpc.NewServer(append(opts,
		grpc.StatsHandler(otelgrpc.NewServerHandler(b.traced()...)), grpc.WaitForHandlers(true))...)
	register(server)
	go func() {
		if err := server.Serve(lis); err != nil {
			t.Errorf("serve: %v", err)
		}
	}()
	t.Cleanup(server.Stop)
	return lis
}

// dial returns a client with otelgrpc.
func (b *backend) dial(t *testing.T, lis *bufconn.Listener, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	cc, err := grpc.NewClient("passthrough:///rig:443", append(opts,
		grpc.WithStatsHandler(telemetry.ClientHandler(otelgrpc.NewClientHandler(b.traced()...))),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

// within runs f in a span of the test's own, which stands for the handler that makes
// the calls.
func (b *backend) within(ctx context.Context, f func(context.Context)) {
	ctx, span := b.tracers.Tracer("test").Start(ctx, "handler")
	defer span.End()
	f(ctx)
}

// span is what a test looks at of a span.
type span struct{ tracetest.SpanStub }

// named returns the spans of that name, in the order in which they ended.
func (b *backend) named(name string) []span {
	var found []span
	for _, s := range b.spans.GetSpans() {
		if s.Name == name {
			found = append(found, span{s})
		}
	}
	return found
}

// only returns the one span of that name.
func (b *backend) only(t *testing.T, name string) span {
	t.Helper()
	found := b.named(name)
	if len(found) != 1 {
		t.Fatalf("%d spans %q among %q; want one", len(found), name, b.tree())
	}
	return found[0]
}

// has compares all attributes of a span but those of otelgrpc's that vary.
func (s span) has(t *testing.T, want ...attribute.KeyValue) {
	t.Helper()
	if got, all := attribute.NewSet(s.Attributes...), attribute.NewSet(want...); !got.Equals(&all) {
		t.Errorf("span %q has\n%v; want\n%v", s.Name, got.ToSlice(), all.ToSlice())
	}
}

// own are the attributes of a span that begin with "afloat.".
func (s span) own() []string {
	own := []string{}
	for _, a := range s.Attributes {
		if strings.HasPrefix(string(a.Key), "afloat.") {
			own = append(own, string(a.Key)+"="+a.Value.String())
		}
	}
	slices.Sort(own)
	return own
}

func (s span) wantOwn(t *testing.T, want ...string) {
	t.Helper()
	if got := s.own(); !slices.Equal(got, want) {
		t.Errorf("span %q says %q; want %q", s.Name, got, want)
	}
}

// under reports whether s is a child of parent.
func (s span) under(t *testing.T, parent span) {
	t.Helper()
	if s.Parent.SpanID() != parent.SpanContext.SpanID() || s.Parent.TraceID() != parent.SpanContext.TraceID() {
		t.Errorf("span %q is not under %q", s.Name, parent.Name)
	}
}

// tree are all spans, each with the names of those above it.
func (b *backend) tree() []string {
	all := b.spans.GetSpans()
	var paths []string
	for _, s := range all {
		path := s.Name
		for parent := s.Parent.SpanID(); ; {
			i := slices.IndexFunc(all, func(p tracetest.SpanStub) bool { return p.SpanContext.SpanID() == parent })
			if i < 0 {
				break
			}
			path, parent = all[i].Name+" / "+path, all[i].Parent.SpanID()
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// wantTree compares all spans there are.
func (b *backend) wantTree(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := b.tree(); !slices.Equal(got, want) {
		t.Errorf("spans:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// collected are all data there are, by instrument.
func (b *backend) collected(tb testing.TB) map[string]metricdata.Metrics {
	tb.Helper()
	var rm metricdata.ResourceMetrics
	if err := b.reader.Collect(context.Background(), &rm); err != nil {
		tb.Fatal(err)
	}
	found := map[string]metricdata.Metrics{}
	for _, scope := range rm.ScopeMetrics {
		for _, m := range scope.Metrics {
			if scope.Scope.Name == telemetry.ScopeName {
				found[m.Name] = m
			}
		}
	}
	return found
}

// point is one series: its attributes and its value. That of a histogram is how many
// measurements there were, and their sum.
func points(tb testing.TB, m metricdata.Metrics) []string {
	tb.Helper()
	var found []string
	say := func(set attribute.Set, value any) {
		var attrs []string
		for _, a := range set.ToSlice() {
			attrs = append(attrs, string(a.Key)+"="+a.Value.String())
		}
		found = append(found, fmt.Sprintf("%s: %v", strings.Join(attrs, " "), value))
	}
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			say(p.Attributes, p.Value)
		}
	case metricdata.Gauge[float64]:
		for _, p := range data.DataPoints {
			say(p.Attributes, p.Value)
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			say(p.Attributes, fmt.Sprintf("%d in %v", p.Count, p.Sum))
		}
	default:
		if m.Name != "" {
			tb.Errorf("%s has data of type %T", m.Name, m.Data)
		}
	}
	slices.Sort(found)
	return found
}

// wantPoints compares all series of an instrument.
func (b *backend) wantPoints(t *testing.T, instrument string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := points(t, b.collected(t)[instrument]); !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", instrument, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantLog compares all records, and forgets them.
func (b *backend) wantLog(t *testing.T, want ...string) {
	t.Helper()
	got := strings.Split(strings.TrimSuffix(b.records.String(), "\n"), "\n")
	b.records.Reset()
	if got[0] == "" {
		got = nil
	}
	if !slices.Equal(got, want) {
		t.Errorf("log:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
