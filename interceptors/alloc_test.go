package interceptors_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/telemetry"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// A guarded unary call, admitted or refused, allocates nothing: breaker,
// bulkhead and timeout behind a lookup by method.
func TestNoAllocation(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	list := func(cfg breaker.Config, places int) *rules.Rules {
		r, err := rules.New([]rules.Rule{{Match: "/rig.v1.Rig/*", Policies: []rules.Template{
			timeout.Each(timeout.Config{Default: time.Minute, Max: 2 * time.Hour}),
			breaker.Each(cfg).On(policy.Client, policy.Server),
			bulkhead.Each(bulkhead.Config{MaxConcurrent: places}),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	opts := []grpc.CallOption{grpc.StaticMethod()}
	invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	handler := func(context.Context, any) (any, error) { return nil, nil }
	info := &grpc.UnaryServerInfo{FullMethod: rpctest.Unary}
	text := strings.Clone(rpctest.Unary) // equal in text, elsewhere in memory

	admitting := list(breaker.Config{}, 10)
	open := list(breaker.Config{Mode: breaker.AlwaysOpen}, 10)
	full := list(breaker.Config{}, 1)
	hold := make(chan struct{})
	started := make(chan struct{})
	go func() {
		_ = interceptors.UnaryClientInterceptor(full)(ctx, rpctest.Unary, nil, nil, nil,
			func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
				close(started)
				<-hold
				return nil
			})
	}()
	<-started
	defer close(hold)

	client := func(r *rules.Rules, method string) func() error {
		guard := interceptors.UnaryClientInterceptor(r)
		return func() error { return guard(ctx, method, nil, nil, nil, invoker, opts...) }
	}
	server := interceptors.UnaryServerInterceptor(admitting)
	for _, tt := range []struct {
		name    string
		call    func() error
		refused bool
	}{
		{"client, admitted", client(admitting, rpctest.Unary), false},
		{"client, admitted, method elsewhere in memory", client(admitting, text), false},
		{"client, refused by the breaker", client(open, rpctest.Unary), true},
		{"client, refused by the bulkhead", client(full, rpctest.Unary), true},
		{"server, admitted", func() error { _, err := server(ctx, nil, info, handler); return err }, false},
	} {
		if err := tt.call(); policy.IsRejection(err) != tt.refused {
			t.Fatalf("%s: error = %v", tt.name, err)
		}
		if got := testing.AllocsPerRun(1000, func() { _ = tt.call() }); got != 0 && !raceEnabled {
			t.Errorf("%s: %v allocations; want 0", tt.name, got)
		}
	}
}

// leanObserver hears of every event and of every instant.
type leanObserver struct {
	policy.NopObserver

	admitted, rejected, settled int
}

func (o *leanObserver) Admitted(context.Context, *policy.Call, policy.Admitted) context.Context {
	o.admitted++
	return nil
}
func (o *leanObserver) Rejected(context.Context, *policy.Call, policy.Rejected) { o.rejected++ }
func (o *leanObserver) Settled(context.Context, *policy.Call, *policy.Outcome)  { o.settled++ }

func (o *leanObserver) Interest() policy.Interest {
	return policy.Interest{Instants: policy.WantsStart | policy.WantsEnd, EveryAdmission: true}
}

// watchers returns who may observe the calls: nobody, an observer of one's own,
// telemetry that goes nowhere, and telemetry with the SDK's metrics.
func watchers(t *testing.T) map[string]policy.Observer {
	t.Helper()
	all := map[string]policy.Observer{"nobody": nil, "an observer": &leanObserver{}}
	quiet := telemetry.WithLogger(slog.New(slog.DiscardHandler))
	for name, meters := range map[string]telemetry.Option{
		"telemetry without providers": telemetry.WithMeterProvider(metricnoop.NewMeterProvider()),
		"the SDK's metrics":           telemetry.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))),
	} {
		o, err := telemetry.New(telemetry.WithTracerProvider(tracenoop.NewTracerProvider()), meters, quiet)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = o
	}
	return all
}

// caller has a deadline, and calls two methods of a service in turn.
type caller struct {
	ctx     context.Context
	list    *rules.Rules
	methods [2]string
	infos   [2]*grpc.UnaryServerInfo

	fails func(n int) error
	made  int
	// refused is how many calls were.
	refused int
}

func newCaller(ctx context.Context, list *rules.Rules, fails func(n int) error) *caller {
	c := &caller{ctx: ctx, list: list, methods: [2]string{"/a.B/One", "/a.B/Two"}, fails: fails}
	for i, m := range c.methods {
		c.infos[i] = &grpc.UnaryServerInfo{FullMethod: m}
	}
	return c
}

// sides returns for a client and for a server what makes a call that does f.
func (c *caller) sides() map[string]func(f func() error) func() {
	client, server := interceptors.UnaryClientInterceptor(c.list), interceptors.UnaryServerInterceptor(c.list)
	opts := []grpc.CallOption{grpc.StaticMethod()}
	return map[string]func(f func() error) func(){
		"client": func(f func() error) func() {
			invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return f() }
			return func() { c.count(client(c.ctx, c.methods[c.made%2], nil, nil, nil, invoker, opts...)) }
		},
		"server": func(f func() error) func() {
			handler := func(context.Context, any) (any, error) { return nil, f() } //nolint:unparam // gRPC's own signature
			return func() {
				_, err := server(c.ctx, nil, c.infos[c.made%2], handler)
				c.count(err)
			}
		},
	}
}

func (c *caller) count(err error) {
	c.made++
	if policy.IsRejection(err) {
		c.refused++
	}
}

// guarded are calls under some policies.
type guarded struct {
	name     string
	policies []rules.Template
	fails    func(n int) error // the n-th call
	held     bool              // while another is in flight
	refused  bool              // in the end
}

func guardedCalls() []guarded {
	never := breaker.Config{ConsecutiveFailures: breaker.Off, FailureRatio: 1, MinCalls: 1_000_000}
	slow, hour, slowHour := never, breaker.Config{OpenFor: time.Hour}, breaker.Config{OpenFor: time.Hour, SlowAfter: time.Minute}
	slow.SlowAfter = time.Minute
	both := func(cfg breaker.Config) []rules.Template {
		return []rules.Template{breaker.Each(cfg), bulkhead.Each(bulkhead.Config{MaxConcurrent: 10})}
	}
	errPlain := errors.New("down")
	succeeds := func(int) error { return nil }
	down := func(int) error { return errDown }
	plain := func(int) error { return errPlain }
	nowAndThen := func(n int) error { return map[bool]error{true: errDown}[n%3 == 0] }
	return []guarded{
		{name: "admitted", policies: both(never), fails: succeeds},
		{name: "admitted with SlowAfter", policies: both(slow), fails: succeeds},
		{name: "failing with a status", policies: both(never), fails: down},
		{name: "failing with a status, with SlowAfter", policies: both(slow), fails: down},
		{name: "failing with a plain error", policies: both(never), fails: plain},
		{name: "failing with a plain error, with SlowAfter", policies: both(slow), fails: plain},
		{name: "failing now and then, with default settings", policies: both(breaker.Config{}), fails: nowAndThen},
		{name: "refused", policies: both(hour), fails: down, refused: true},
		{name: "refused with SlowAfter", policies: both(slowHour), fails: down, refused: true},
		{
			name:     "refused in turn by a circuit of the service",
			policies: []rules.Template{breaker.Each(hour).Per(rules.PerService)}, fails: down, refused: true,
		},
		{
			name:     "refused in turn by a bulkhead of the service",
			policies: []rules.Template{bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}).Per(rules.PerService)},
			fails:    succeeds, held: true, refused: true,
		},
		{
			name:     "refused in turn by a rate limit of the service",
			policies: []rules.Template{ratelimit.Each(ratelimit.Config{PerSecond: 0.0001}).Per(rules.PerService)},
			fails:    succeeds, refused: true,
		},
	}
}

// Nothing is allocated either for calls that are watched for slowness, that fail with a
// status or a plain error, or that are refused by what several methods share and call
// in turn; whoever observes them, on both sides, for a caller with a deadline.
func TestNoAllocationWhoeverObserves(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	for _, g := range guardedCalls() {
		for watcher, observer := range watchers(t) {
			g.checkNoAllocation(t, watcher, observer)
		}
	}
}

func (g guarded) checkNoAllocation(t *testing.T, watcher string, o policy.Observer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	policies := append([]rules.Template{timeout.Each(timeout.Config{Default: time.Minute, Max: 2 * time.Hour})}, g.policies...)
	both := []policy.Side{policy.Client, policy.Server}
	list, err := rules.New([]rules.Rule{{Match: "*", Sides: both, Policies: policies}}, rules.WithObserver(o))
	if err != nil {
		t.Fatal(err)
	}
	c := newCaller(ctx, list, g.fails)
	for side, of := range c.sides() {
		call := of(func() error { return c.fails(c.made) })
		check := func() {
			for range 50 { // until what is to refuse does
				call()
			}
			c.refused = 0
			got := testing.AllocsPerRun(1000, call)
			if want := map[bool]int{true: 1001}[g.refused]; c.refused != want {
				t.Errorf("%s, observed by %s, %s: %d refused; want %d", g.name, watcher, side, c.refused, want)
			}
			if got != 0 && !raceEnabled {
				t.Errorf("%s, observed by %s, %s: %v allocations; want 0", g.name, watcher, side, got)
			}
		}
		if g.held {
			of(func() error { check(); return nil })()
			continue
		}
		check()
	}
}
