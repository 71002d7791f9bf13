package telemetry_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// ofKind returns the spans of calls on one side, in the order in which they began.
func (b *backend) ofKind(k trace.SpanKind) []span {
	var found []span
	for _, s := range b.spans.GetSpans() {
		if s.SpanKind == k {
			found = append(found, span{s})
		}
	}
	return found
}

// A call that waits for its place has a span for that, and its own says it.
func TestWaitIsSaidOnTheSpanOfTheCall(t *testing.T) {
	t.Parallel()
	queue := bulkhead.Each(bulkhead.Config{MaxConcurrent: 1, MaxQueue: 1, MaxWait: time.Minute})
	for _, on := range []policy.Side{policy.Client, policy.Server} {
		for _, method := range []string{rpctest.Unary, rpctest.ServerStream} {
			t.Run(on.String()+method, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					b := newBackend(t)
					hold := func() { time.Sleep(2 * time.Second) }
					rig := rpctest.Rig{
						Unary:  func(context.Context) error { hold(); return nil },
						Stream: func(grpc.ServerStream) error { hold(); return nil },
					}
					cc := b.serve(t, rig, b.guard(t, queue.On(policy.Server)), b.guard(t, queue.On(on)))
					call := func(ctx context.Context) { callOnce(ctx, t, cc, method) }
					go call(t.Context())
					synctest.Wait()
					b.within(t.Context(), call)
					synctest.Wait()

					kind := map[policy.Side]trace.SpanKind{policy.Client: trace.SpanKindClient, policy.Server: trace.SpanKindServer}[on]
					own := b.ofKind(kind)
					own[0].wantOwn(t)
					own[1].wantOwn(t, "afloat.policy.kind=bulkhead", "afloat.wait.duration=2")
					wait := b.only(t, "bulkhead wait")
					if d := wait.EndTime.Sub(wait.StartTime); d != 2*time.Second {
						t.Errorf("the span of the wait lasts %v; want 2s", d)
					}
					if on == policy.Client {
						wait.under(t, b.only(t, "handler"))
					} else {
						wait.under(t, own[1])
					}
					wait.wantOwn(t, "afloat.policy.kind=bulkhead")
					where := map[policy.Side]string{policy.Client: at}[on]
					b.wantPoints(t, "afloat."+on.String()+".wait.duration", "afloat.policy.kind=bulkhead rpc.method="+method[1:]+where+": 1 in 2")
				})
			})
		}
	}
}

// callOnce makes a call of the rig's service, to its end.
func callOnce(ctx context.Context, t *testing.T, cc *grpc.ClientConn, method string) {
	t.Helper()
	if method == rpctest.Unary {
		_ = rpctest.Invoke(ctx, cc)
		return
	}
	s := rpctest.Open(ctx, t, cc, method)
	_ = s.RecvMsg(rpctest.Message())
}

func TestProbesAndShadowsAreSaidOnTheSpanOfTheCall(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		mode  breaker.Mode
		after time.Duration
		want  string
	}{
		{breaker.Automatic, breaker.DefaultOpenFor, "afloat.probe=true"},
		{breaker.Shadow, 0, "afloat.shadowed=true"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t)
				cfg := refusing
				cfg.Mode = tt.mode
				cc := b.serve(t, rpctest.Rig{Unary: func(context.Context) error { return errDown }}, b.guard(t), b.guard(t, breaker.Each(cfg)))
				_ = rpctest.Invoke(t.Context(), cc)
				time.Sleep(tt.after)
				_ = rpctest.Invoke(t.Context(), cc)
				calls := b.ofKind(trace.SpanKindClient)
				calls[0].wantOwn(t)
				calls[1].wantOwn(t, tt.want)
				var shadowed []string
				if tt.mode == breaker.Shadow {
					shadowed = []string{"rpc.method=" + unary + at + ": 1"}
				}
				b.wantPoints(t, "afloat.client.shadow_rejections", shadowed...)
			})
		})
	}
}

// A call that an interceptor makes on the way of another has its context, but
// nothing was decided of it.
func TestCallsOnTheWayHaveNoPartInTheDecision(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		token := func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			s := rpctest.Open(ctx, t, cc, rpctest.BidiStream, policy.Skip())
			_ = s.CloseSend()
			_ = s.RecvMsg(rpctest.Message())
			return invoke(ctx, method, req, reply, cc, opts...)
		}
		cc := b.serve(t, rpctest.Rig{Unary: func(context.Context) error { return errDown }}, b.guard(t),
			b.guard(t, breaker.Each(refusing)), grpc.WithChainUnaryInterceptor(token))
		_ = rpctest.Invoke(t.Context(), cc)
		time.Sleep(breaker.DefaultOpenFor)
		_ = rpctest.Invoke(t.Context(), cc)
		for _, s := range b.named("rig.v1.Rig/Bidi") {
			s.wantOwn(t)
		}
		b.ofKind(trace.SpanKindClient)[3].wantOwn(t, "afloat.probe=true")
	})
}

// What a fallback calls is told from what would have been called.
func TestCallsOfAFallback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		cc := b.serve(t, rpctest.Rig{}, b.guard(t), b.guard(t))
		chain, err := fallback.NewWith(
			fallback.Config{Name: "user", Observer: b},
			fallback.To("users", func(ctx context.Context, _ string) (string, error) {
				return "", errors.Join(rpctest.Invoke(ctx, cc), errDown)
			}),
			fallback.To("mirror", func(ctx context.Context, _ string) (string, error) { return "copy", rpctest.Invoke(ctx, cc) }),
		)
		if err != nil {
			t.Fatal(err)
		}
		b.within(t.Context(), func(ctx context.Context) {
			if _, err := chain.Do(ctx, "7"); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait() // for the server's spans
		b.wantTree(t, "handler", "handler / user: users", "handler / user: mirror",
			"handler / user: users / "+unary, "handler / user: users / "+unary+" / "+unary,
			"handler / user: mirror / "+unary, "handler / user: mirror / "+unary+" / "+unary)
		calls := b.ofKind(trace.SpanKindClient)
		calls[0].wantOwn(t)
		calls[1].wantOwn(t, "afloat.step.fallback=true", "afloat.step.name=mirror")
		b.ofKind(trace.SpanKindServer)[0].wantOwn(t)
	})
}

// Where otelgrpc makes no span, nothing is said on the one around it.
func TestFilteredCallsSayNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		none := otelgrpc.NewClientHandler(append(b.traced(), otelgrpc.WithFilter(func(*stats.RPCTagInfo) bool { return false }))...)
		ctx, parent := b.tracers.Tracer("test").Start(t.Context(), "handler")
		chain, err := fallback.NewWith(
			fallback.Config{Name: "c", Observer: b},
			fallback.To("a", func(context.Context, int) (int, error) { return 0, errDown }),
			fallback.To("b", func(ctx context.Context, _ int) (int, error) {
				tagged := telemetry.ClientHandler(none).TagRPC(ctx, &stats.RPCTagInfo{FullMethodName: rpctest.Unary})
				if trace.SpanFromContext(tagged) != trace.SpanFromContext(ctx) {
					t.Error("there is a span")
				}
				return 1, nil
			}),
		)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chain.Do(ctx, 1); err != nil {
			t.Error(err)
		}
		parent.End()
		b.only(t, "c: b").wantOwn(t, "afloat.chain.name=c", "afloat.step.fallback=true", "afloat.step.name=b")
		b.only(t, "handler").wantOwn(t)
	})
}

// A client without otelgrpc is none whose calls fail.
func TestNoHandlerIsNone(t *testing.T) {
	t.Parallel()
	if h := telemetry.ClientHandler(nil); h != nil {
		t.Errorf("a handler around nothing: %v", h)
	}
}

// bridged is a span of another make, which cannot be compared with ==.
type bridged struct {
	trace.Span

	baggage []string
}

// bridge makes such spans.
type bridge struct{ stats.Handler }

func (bridge) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	own := trace.SpanContextFromContext(ctx).WithSpanID(trace.SpanID{7})
	return trace.ContextWithSpan(ctx, bridged{trace.SpanFromContext(trace.ContextWithSpanContext(ctx, own)), nil})
}

func (b bridged) IsRecording() bool { return b.baggage == nil }

// Spans may be of any make.
func TestSpansOfAnotherMake(t *testing.T) {
	t.Parallel()
	h := telemetry.ClientHandler(bridge{})
	ctx := h.TagRPC(t.Context(), &stats.RPCTagInfo{FullMethodName: rpctest.Unary})
	_ = h.TagRPC(ctx, &stats.RPCTagInfo{FullMethodName: rpctest.Unary}) // does not panic
}
