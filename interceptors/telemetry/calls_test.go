package telemetry_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
)

const (
	unary = "rig.v1.Rig/Unary"
	// at is where the rig is, as series and spans say it.
	at = " server.address=rig server.port=443"
)

// refusing opens the breaker of a client at the first failure.
var refusing = breaker.Config{ConsecutiveFailures: 1, WindowCalls: 100, OpenFor: 5 * time.Second, NoJitter: true, SlowStart: breaker.Off}

// A refused call leaves no trace in otelgrpc: neither a span nor a measurement.
func TestRefusedCallOfAClient(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *testing.T, *grpc.ClientConn){
		"unary": func(ctx context.Context, t *testing.T, cc *grpc.ClientConn) {
			t.Helper()
			_ = rpctest.Invoke(ctx, cc)
		},
		"stream": func(ctx context.Context, t *testing.T, cc *grpc.ClientConn) {
			t.Helper()
			_, _ = cc.NewStream(ctx, rpctest.DescOf(rpctest.BidiStream), rpctest.Unary)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t)
				cc := b.serve(t, rpctest.Rig{Unary: func(context.Context) error { return errDown }}, b.guard(t), b.guard(t, breaker.Each(refusing)))
				_ = rpctest.Invoke(t.Context(), cc)
				synctest.Wait() // for the server's span
				b.spans.Reset()
				b.within(t.Context(), func(ctx context.Context) { call(ctx, t, cc) })

				b.wantTree(t, "handler", "handler / "+unary)
				s := b.only(t, unary)
				if s.SpanKind != trace.SpanKindClient || s.Status.Code != codes.Error ||
					s.Status.Description != "breaker: open: /rig.v1.Rig/Unary, retry in 5s" || s.EndTime != s.StartTime {
					t.Errorf("span is %v %v, from %v to %v", s.SpanKind, s.Status, s.StartTime, s.EndTime)
				}
				s.has(
					t,
					attribute.String("rpc.system.name", "grpc"), attribute.String("rpc.method", unary),
					attribute.String("server.address", "rig"), attribute.Int("server.port", 443),
					attribute.String("rpc.response.status_code", "UNAVAILABLE"), attribute.String("error.type", "circuit_open"),
					attribute.String("afloat.rejection.reason", "circuit_open"),
					attribute.String("afloat.policy.kind", "breaker"), attribute.String("afloat.policy.name", rpctest.Unary),
				)
				b.wantPoints(t, "afloat.client.rejections",
					"afloat.policy.kind=breaker afloat.rejection.reason=circuit_open rpc.method="+unary+at+": 1")
				b.wantPoints(t, "afloat.client.calls", "afloat.verdict=failure rpc.method="+unary+at+": 1")
			})
		})
	}
}

// The span of a call that waited before it was refused shows for how long.
func TestRefusedAfterAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		release := make(chan struct{})
		cc := b.serve(t, rpctest.Rig{Unary: func(context.Context) error { <-release; return nil }}, b.guard(t),
			b.guard(t, bulkhead.Each(bulkhead.Config{MaxConcurrent: 1, MaxQueue: 1, MaxWait: 3 * time.Second})))
		done := make(chan error)
		go func() { done <- rpctest.Invoke(t.Context(), cc) }()
		synctest.Wait()
		if err := rpctest.Invoke(t.Context(), cc); status.Code(err) != grpccodes.ResourceExhausted {
			t.Errorf("error = %v", err)
		}
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
		var refused span
		for _, s := range b.named(unary) {
			if s.SpanKind == trace.SpanKindClient && s.Status.Code == codes.Error {
				refused = s
			}
		}
		if d := refused.EndTime.Sub(refused.StartTime); d != 3*time.Second {
			t.Errorf("the span lasts %v; want 3s", d)
		}
		b.wantPoints(t, "afloat.client.wait.duration", "afloat.policy.kind=bulkhead rpc.method="+unary+at+": 1 in 3")
		b.wantPoints(t, "afloat.client.rejections",
			"afloat.policy.kind=bulkhead afloat.rejection.reason=queue_timeout rpc.method="+unary+at+": 1")
	})
}

// A server has a span of otelgrpc for every call: what was refused is said there.
func TestRefusedCallOfAServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		cc := b.serve(t, rpctest.Rig{}, b.guard(t, ratelimit.Each(ratelimit.Config{PerSecond: 1})), b.guard(t, breaker.Each(breaker.Config{})))
		_, _ = rpctest.Invoke(t.Context(), cc), rpctest.Invoke(t.Context(), cc)
		synctest.Wait() // for the server's spans
		b.wantTree(t, unary, unary, unary+" / "+unary, unary+" / "+unary)
		var said [][]string
		for _, s := range b.named(unary) {
			if s.SpanKind == trace.SpanKindServer {
				said = append(said, s.own())
			} else {
				s.wantOwn(t)
			}
		}
		if len(said[0]) != 0 {
			t.Errorf("the call that was let through says %q", said[0])
		}
		want := []string{"afloat.policy.kind=ratelimit", "afloat.policy.name=" + rpctest.Unary, "afloat.rejection.reason=rate_limited"}
		if got := said[1]; len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
			t.Errorf("the refused call says %q; want %q", got, want)
		}
		b.wantPoints(t, "afloat.server.rejections", "afloat.policy.kind=ratelimit afloat.rejection.reason=rate_limited rpc.method="+unary+": 1")
		b.wantPoints(t, "afloat.server.calls", "afloat.verdict=success rpc.method="+unary+": 1")
		b.wantPoints(t, "afloat.client.rejections") // that of the server is no rejection here
		b.wantPoints(t, "afloat.client.calls",
			"afloat.verdict=shed rpc.method="+unary+at+": 1", "afloat.verdict=success rpc.method="+unary+at+": 1")
	})
}

func TestRefusedFunction(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	limit, err := ratelimit.New(ratelimit.Config{PerSecond: 1}, ratelimit.WithName("database"))
	if err != nil {
		t.Fatal(err)
	}
	chain, err := policy.NewChain([]policy.Policy{limit}, policy.WithObserver(b))
	if err != nil {
		t.Fatal(err)
	}
	b.within(t.Context(), func(ctx context.Context) {
		for range 2 {
			_ = chain.Run(ctx, "read user", func(context.Context) error { return nil })
		}
	})
	b.wantTree(t, "handler", "handler / read user")
	s := b.only(t, "read user")
	if s.SpanKind != trace.SpanKindInternal {
		t.Errorf("span is %v", s.SpanKind)
	}
	s.has(
		t,
		attribute.String("afloat.operation.name", "read user"), attribute.String("error.type", "rate_limited"),
		attribute.String("afloat.rejection.reason", "rate_limited"),
		attribute.String("afloat.policy.kind", "ratelimit"), attribute.String("afloat.policy.name", "database"),
	)
	b.wantPoints(t, "afloat.local.rejections",
		"afloat.operation.name=read user afloat.policy.kind=ratelimit afloat.rejection.reason=rate_limited: 1")
	b.wantPoints(t, "afloat.local.calls", "afloat.operation.name=read user afloat.verdict=success: 1")
}

// An error that a user's policy made is counted by its code.
func TestRefusalThatIsNone(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	chain, err := policy.NewChain([]policy.Policy{refuser{errDown}}, policy.WithObserver(b))
	if err != nil {
		t.Fatal(err)
	}
	_ = chain.Run(t.Context(), "f", nil)
	b.wantPoints(t, "afloat.local.rejections", "afloat.operation.name=f afloat.policy.kind= afloat.rejection.reason=UNAVAILABLE: 1")
}

type refuser struct{ err error }

func (r refuser) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, r.err
}

func TestLeakedStreamsAreCounted(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.Leaked(&policy.Call{Method: rpctest.BidiStream, Target: "rig:443"})
	b.wantPoints(t, "afloat.client.leaked_streams", "rpc.method=rig.v1.Rig/Bidi"+at+": 1")
}

func TestOverrunsAreCounted(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	call := policy.Call{Method: rpctest.BidiStream, Side: policy.Server}
	for range 3 {
		b.Overran(&call, policy.Overrun{})
	}
	b.Overran(&call, policy.Overrun{Ended: true, For: time.Second, Panic: &policy.PanicError{Value: "late"}})
	b.Overran(&call, policy.Overrun{Ended: true, For: time.Second})
	const method = "rpc.method=rig.v1.Rig/Bidi"
	b.wantPoints(t, "afloat.server.overruns", method+": 3")
	b.wantPoints(t, "afloat.server.overruns.running", method+": 1")
	b.wantPoints(t, "afloat.server.overruns.panics", method+": 1")
}

// Callers who give up while they wait are no refusals: counted apart, their spans say
// no error. A wait that was too long stays one.
func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	tests := []struct {
		reason     policy.Reason
		instrument string
		code       codes.Code
	}{
		{policy.ReasonCancelled, "afloat.client.cancelled", codes.Unset},
		{policy.ReasonQueueTimeout, "afloat.client.rejections", codes.Error},
	}
	for _, tt := range tests {
		t.Run(string(tt.reason), func(t *testing.T) {
			t.Parallel()
			b := newBackend(t)
			err := &policy.Rejection{Kind: "bulkhead", Reason: tt.reason, Err: errDown}
			for range 50 {
				b.Rejected(t.Context(), &policy.Call{Method: "/a.B/C"}, policy.Rejected{Err: err, Waited: time.Second})
			}
			b.wantPoints(t, tt.instrument,
				"afloat.policy.kind=bulkhead afloat.rejection.reason="+strings.ToLower(string(tt.reason))+" rpc.method=a.B/C: 50")
			spans := b.named("a.B/C")
			if len(spans) != 50 || spans[0].Status.Code != tt.code {
				t.Errorf("%d spans with the status %v; want 50 with %v", len(spans), spans[0].Status, tt.code)
			}
		})
	}
}
