package retrying_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/misuse"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/retrying"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// heard notes the misuses of a kind in places that contain a text, until the test ends.
func heard(t *testing.T, kind misuse.Kind, where string) func() int {
	t.Helper()
	var mu sync.Mutex
	n := 0
	t.Cleanup(misuse.Watch(func(m misuse.Misuse) {
		mu.Lock()
		defer mu.Unlock()
		if m.Kind == kind && strings.Contains(m.Where, where) {
			n++
		}
	}))
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// withElse has a fallback for unary calls, which answers "else".
func withElse(t *testing.T, target string) *fallback.Methods {
	t.Helper()
	unary := fallback.For[*wrapperspb.StringValue, *wrapperspb.StringValue](rpctest.Unary)
	m, err := fallback.NewMethods(target, unary.Else(unary.Static(wrapperspb.String("else"))))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// served serves a rig and dials it with the options.
func served(t *testing.T, r rpctest.Rig, name string, dial ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	server := grpc.NewServer(interceptors.ServerOptions(rpctest.One{})...)
	server.RegisterService(r.Desc(), r)
	return rpctest.Serve(t, server, name, dial...)
}

// said makes a unary call and returns the answer.
func said(t *testing.T, cc *grpc.ClientConn, opts ...grpc.CallOption) (string, error) {
	t.Helper()
	reply := new(wrapperspb.StringValue)
	err := cc.Invoke(t.Context(), rpctest.Unary, rpctest.Message(), reply, opts...)
	return reply.GetValue(), err
}

// Whatever order the options come in, the retry stands between fallbacks and guard: a
// fallback answers what no attempt does, and the guard judges each attempt.
func TestRetryStandsBetweenFallbacksAndGuard(t *testing.T) {
	t.Parallel()
	quick := retry.WithBackoff(retry.BackoffLinear(time.Millisecond))
	for _, tt := range []struct {
		name     string
		fails    int // how many calls in the beginning
		opts     []retry.CallOption
		call     []grpc.CallOption
		want     string
		attempts int
	}{
		{name: "none fails", want: "hello", attempts: 1},
		{name: "one fails", fails: 1, want: "hello", attempts: 2},
		{name: "two fail", fails: 2, want: "hello", attempts: 3},
		{name: "all fail", fails: 9, want: "else", attempts: 3},
		{name: "five attempts", fails: 4, opts: []retry.CallOption{retry.WithMax(5)}, want: "hello", attempts: 5},
		{name: "none by option of the call", fails: 1, call: []grpc.CallOption{retry.Disable()}, want: "else", attempts: 1},
	} {
		for _, retryFirst := range []bool{true, false} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					name := "ordered-" + tt.name
					misused := heard(t, misuse.RetryOutsideFallbacks, name)
					spy, asked := new(policytest.Spy), 0
					opts := []interceptors.ClientOption{
						retrying.WithRetry(append([]retry.CallOption{quick}, tt.opts...)...),
						interceptors.WithFallbacks(withElse(t, "passthrough:///"+name)),
					}
					if !retryFirst {
						slices.Reverse(opts)
					}
					cc := served(t, rpctest.Rig{Unary: func(context.Context) error {
						if asked++; asked <= tt.fails {
							return errDown
						}
						return nil
					}}, name, interceptors.DialOptions(rpctest.One{Chain: rpctest.ChainOf(t, spy)}, opts...)...)
					if got, err := said(t, cc, tt.call...); err != nil || got != tt.want {
						t.Errorf("answered %q, %v; want %q", got, err, tt.want)
					}
					if asked != tt.attempts || len(spy.Settled()) != tt.attempts {
						t.Errorf("asked %d times, judged %d; want %d", asked, len(spy.Settled()), tt.attempts)
					}
					if n := misused(); n != 0 {
						t.Errorf("%d misuses; want none", n)
					}
				})
			})
		}
	}
}

// What is not worth to be repeated is not, also by WithRetry: refusals of this guard and of
// peers, what is spent, and what is too large.
func TestRetryRepeatsWhatMayPass(t *testing.T) {
	t.Parallel()
	info, err := status.New(codes.ResourceExhausted, "later").WithDetails(&errdetails.RetryInfo{})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		fails    error
		guard    policy.Policy
		opts     []grpc.CallOption
		attempts int
	}{
		"down":                    {fails: errDown, attempts: 3},
		"spent":                   {fails: status.Error(codes.ResourceExhausted, "quota"), attempts: 1},
		"spent for a known time":  {fails: info.Err(), attempts: 3},
		"too large to send":       {opts: []grpc.CallOption{grpc.MaxCallSendMsgSize(1)}, attempts: 0},
		"too large to receive":    {opts: []grpc.CallOption{grpc.MaxCallRecvMsgSize(1)}, attempts: 1},
		"a peer's open circuit":   {fails: saidAfar(t, codes.Unavailable, policy.ReasonCircuitOpen), attempts: 1},
		"an open circuit":         {guard: &policytest.Spy{Refusal: &policy.Rejection{Reason: policy.ReasonCircuitOpen}}},
		"a bulkhead that is full": {guard: &policytest.Spy{Refusal: &policy.Rejection{Reason: policy.ReasonBulkheadFull}}},
		"an answer":               {fails: status.Error(codes.NotFound, ""), attempts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				chain := rpctest.ChainOf(t)
				if tt.guard != nil {
					chain = rpctest.ChainOf(t, tt.guard)
				}
				cc := served(t, rpctest.Rig{
					Unary:  func(context.Context) error { asked++; return tt.fails },
					Stream: func(s grpc.ServerStream) error { asked++; _ = s.SendMsg(rpctest.Message()); return tt.fails },
				}, "passing", interceptors.DialOptions(rpctest.One{Chain: chain}, retrying.WithRetry())...)
				if _, err := said(t, cc, tt.opts...); err == nil || asked != tt.attempts {
					t.Errorf("asked %d times, %v; want %d and an error", asked, err, tt.attempts)
				}
				if spy, ok := tt.guard.(*policytest.Spy); ok && len(spy.Asked()) != 1 {
					t.Errorf("the guard was asked %d times; want once", len(spy.Asked()))
				}
			})
		})
	}
}

// Streams that the server alone streams are repeated until a message has come, which the
// caller would get twice. The other streams pass.
func TestRetryOfStreams(t *testing.T) { //nolint:gocyclo // a table and what is done for each row
	t.Parallel()
	for _, tt := range []struct {
		name     string
		method   string
		fails    int // how many in the beginning
		after    int // how many messages
		received int
		attempts int
		code     codes.Code
	}{
		{"no failure", rpctest.ServerStream, 0, 0, 2, 1, codes.OK},
		{"before any message", rpctest.ServerStream, 2, 0, 2, 3, codes.OK},
		{"always before any message", rpctest.ServerStream, 9, 0, 0, 3, codes.Unavailable},
		{"after a message", rpctest.ServerStream, 1, 1, 1, 1, codes.Unavailable},
		{"of the client", rpctest.ClientStream, 1, 0, 0, 1, codes.Unavailable},
		{"in both directions", rpctest.BidiStream, 1, 0, 0, 1, codes.Unavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked, spy := 0, new(policytest.Spy)
				cc := served(t, rpctest.Rig{Stream: func(s grpc.ServerStream) error {
					asked++
					_ = s.RecvMsg(rpctest.Message())
					for i := range 2 {
						if asked <= tt.fails && i == tt.after {
							return errDown
						}
						_ = s.SendMsg(rpctest.Message())
					}
					return nil
				}}, "streaming", interceptors.DialOptions(rpctest.One{Chain: rpctest.ChainOf(t, spy)}, retrying.WithRetry())...)
				s := open(t.Context(), t, cc, tt.method)
				if tt.method != rpctest.ServerStream {
					_, _ = s.SendMsg(rpctest.Message()), s.CloseSend()
				}
				received, err := 0, error(nil)
				for err == nil {
					if err = s.RecvMsg(rpctest.Message()); err == nil {
						received++
					}
				}
				if err == io.EOF { //nolint:errorlint // as gRPC returns it
					err = nil
				}
				if _, isStatus := err.(interface{ GRPCStatus() *status.Status }); err != nil && !isStatus {
					t.Errorf("the error is a %T; want gRPC's own", err)
				}
				if received != tt.received || asked != tt.attempts || status.Code(err) != tt.code || errors.Is(err, io.EOF) {
					t.Errorf("%d messages in %d attempts, %v; want %d in %d, %v", received, asked, err, tt.received, tt.attempts, tt.code)
				}
				synctest.Wait()
				if got := len(spy.Settled()); got != tt.attempts {
					t.Errorf("%d streams were judged; want %d", got, tt.attempts)
				}
			})
		})
	}
}

// A retry that stands around the fallbacks is told of when they first answer. So is one around another. One outside of a guard without
// fallbacks is where it may be.
func TestMisplacedRetriesAreTold(t *testing.T) {
	t.Parallel()
	outer := grpc.WithChainUnaryInterceptor(retry.UnaryClientInterceptor(retry.WithMax(3), retry.WithRetriable(policy.Retriable(nil))))
	for _, tt := range []struct {
		name           string
		options        func(*testing.T, string) []interceptors.ClientOption
		around, double bool
	}{
		{name: "outside-of-fallbacks", around: true, options: func(t *testing.T, target string) []interceptors.ClientOption {
			t.Helper()
			return []interceptors.ClientOption{interceptors.WithFallbacks(withElse(t, target))}
		}},
		{name: "outside-of-another", double: true, options: func(*testing.T, string) []interceptors.ClientOption {
			return []interceptors.ClientOption{retrying.WithRetry()}
		}},
		{name: "outside-of-a-guard", options: func(*testing.T, string) []interceptors.ClientOption { return nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				around, double := heard(t, misuse.RetryOutsideFallbacks, tt.name), heard(t, misuse.RetriedTwice, tt.name)
				opts := interceptors.DialOptions(rpctest.One{}, tt.options(t, "passthrough:///"+tt.name)...)
				cc := served(t, rpctest.Rig{Unary: func(context.Context) error { return errDown }}, tt.name, append([]grpc.DialOption{outer}, opts...)...)
				for range 3 {
					_, _ = said(t, cc)
				}
				if (around() > 0) != tt.around || (double() > 0) != tt.double {
					t.Errorf("told of %d retries around fallbacks and %d around others; want some: %v and %v", around(), double(), tt.around, tt.double)
				}
			})
		})
	}
}

// Two guards around the calls of one connection, or of one server, are told of. Connections
// that share options, and calls within calls, are as they should be.
func TestTwoGuardsAreTold(t *testing.T) { //nolint:paralleltest // servers are told apart by their methods alone
	list, err := rules.New([]rules.Rule{{Match: "*", Policies: []rules.Template{breaker.Each(breaker.Config{})}}})
	if err != nil {
		t.Fatal(err)
	}
	once := interceptors.DialOptions(list)
	token := func(cc **grpc.ClientConn) grpc.DialOption {
		return grpc.WithChainUnaryInterceptor(func(
			ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
		) error {
			if *cc != nil {
				_ = rpctest.Invoke(ctx, *cc)
			}
			return invoker(ctx, method, req, reply, conn, opts...)
		})
	}
	for _, kind := range []string{"unary", "stream"} { //nolint:paralleltest // as the test
		for _, tt := range []struct {
			name           string
			dial           func(other **grpc.ClientConn) []grpc.DialOption
			server         []grpc.ServerOption
			client, served bool
		}{
			{name: "once", dial: func(**grpc.ClientConn) []grpc.DialOption { return once }},
			{name: "twice the same", dial: func(**grpc.ClientConn) []grpc.DialOption { return slices.Concat(once, once) }, client: true},
			{name: "twice by others", dial: func(**grpc.ClientConn) []grpc.DialOption {
				return slices.Concat(once, interceptors.DialOptions(rpctest.One{}))
			}, client: true},
			{name: "call within a call", dial: func(other **grpc.ClientConn) []grpc.DialOption {
				return append(slices.Clip(once), token(other))
			}},
			{
				name: "server twice by others", dial: func(**grpc.ClientConn) []grpc.DialOption { return nil },
				server: interceptors.ServerOptions(rpctest.One{}), served: true,
			},
		} {
			t.Run(kind+", "+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					name := kind + "-" + strings.ReplaceAll(tt.name, " ", "-")
					client, server := heard(t, misuse.GuardedTwice, name), heard(t, misuse.GuardedTwice, "server of ")
					var other *grpc.ClientConn
					s := grpc.NewServer(append(interceptors.ServerOptions(rpctest.One{}), tt.server...)...)
					s.RegisterService(rpctest.Rig{}.Desc(), nil)
					cc := rpctest.Serve(t, s, name, tt.dial(&other)...)
					other = served(t, rpctest.Rig{}, "other-"+name, once...)
					for range 3 {
						if kind == "unary" {
							_ = rpctest.Invoke(t.Context(), cc)
						} else {
							_ = toEnd(open(t.Context(), t, cc, rpctest.ServerStream))
						}
					}
					synctest.Wait()
					if told := client() > 0; told != tt.client || (server() > 0) != tt.served {
						t.Errorf("told of %d connections and %d servers; want some: %v and %v", client(), server(), tt.client, tt.served)
					}
				})
			})
		}
	}
}
