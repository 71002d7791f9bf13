package timeout_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// The text of the error names the limit, and the rule or compartment that it is of.
func TestTellsWhoseLimit(t *testing.T) {
	t.Parallel()
	const second = time.Second
	long := "/shop." + strings.Repeat("x", 400) + ".Catalog/*"
	each := func(match, target string, cfg timeout.Config) rules.Rule {
		return rules.Rule{Match: match, Target: target, Policies: []rules.Template{timeout.Each(cfg)}}
	}
	both := timeout.Each(timeout.Config{Max: second})
	shared := timeout.Each(timeout.Config{Default: second}).In("reports")
	for _, tt := range []struct {
		name  string
		rules []rules.Rule
		call  policy.Call
		limit error
		want  string
	}{
		{
			"default",
			[]rules.Rule{each("*", "", timeout.Config{Default: second})},
			policy.Call{},
			timeout.ErrDefault, `timeout: the call outlived its rule's default of 1s (rule "*")`,
		},
		{
			"max",
			[]rules.Rule{each("*", "", timeout.Config{Default: time.Hour}), each("/shop.v1.Catalog/*", "", timeout.Config{Max: second})},
			policy.Call{},
			timeout.ErrMax, `timeout: the call outlived its rule's max of 1s (rule "/shop.v1.Catalog/*")`,
		},
		{
			"a target's",
			[]rules.Rule{each("*", "", timeout.Config{Max: time.Hour}), each("*", "dns:///users", timeout.Config{Max: second})},
			policy.Call{Target: "dns:///users"},
			timeout.ErrMax, `timeout: the call outlived its rule's max of 1s (rule "* for dns:///users")`,
		},
		{
			"a compartment's",
			[]rules.Rule{{Match: "*", Policies: []rules.Template{shared}}},
			policy.Call{},
			timeout.ErrDefault, `timeout: the call outlived its compartment's default of 1s (compartment "reports")`,
		},
		{
			"a template in two rules",
			[]rules.Rule{
				{Match: "*", Policies: []rules.Template{both}}, {Match: "/shop.v1.Catalog/Get", Policies: []rules.Template{both}},
			},
			policy.Call{},
			timeout.ErrMax, `timeout: the call outlived its rule's max of 1s (rule "/shop.v1.Catalog/Get")`,
		},
		{
			"per method",
			[]rules.Rule{{Match: "*", Policies: []rules.Template{both.Per(rules.PerMethod)}}},
			policy.Call{},
			timeout.ErrMax, `timeout: the call outlived its rule's max of 1s (rule "*")`,
		},
		{
			"past the key limit",
			[]rules.Rule{each("*", "", timeout.Config{Default: second})},
			policy.Call{Unregistered: true},
			timeout.ErrDefault, `timeout: the call outlived its rule's default of 1s (rule "*")`,
		},
		{
			"first message",
			[]rules.Rule{each("*", "", timeout.Config{FirstMessage: second})},
			policy.Call{Shape: policy.ServerStream},
			timeout.ErrFirstMessage, `timeout: the stream had no message within its rule's first_message of 1s (rule "*")`,
		},
		{
			"idle",
			[]rules.Rule{each("*", "", timeout.Config{Idle: second})},
			policy.Call{Shape: policy.BidiStream},
			timeout.ErrIdle, `timeout: the stream had no message for its rule's idle of 1s (rule "*")`,
		},
		{
			"total",
			[]rules.Rule{each("*", "", timeout.Config{Total: second})},
			policy.Call{Shape: policy.ClientStream},
			timeout.ErrTotal, `timeout: the stream outlived its rule's total of 1s (rule "*")`,
		},
		{
			"a long name",
			[]rules.Rule{each(long, "", timeout.Config{Max: second})},
			policy.Call{Method: strings.TrimSuffix(long, "*") + "Get"},
			timeout.ErrMax, `timeout: the call outlived its rule's max of 1s (rule "` + long[:256] + `… (416 bytes)")`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, err := rules.New(tt.rules)
				if err != nil {
					t.Fatal(err)
				}
				if tt.call.Method == "" {
					tt.call.Method = "/shop.v1.Catalog/Get"
				}
				a := policy.Admission{Call: tt.call}
				defer a.Abandon()
				ctx, err := r.Resolve(&tt.call).Admit(t.Context(), &a)
				if err != nil {
					t.Fatal(err)
				}
				a.Waiting(policy.Received, true)
				<-ctx.Done()
				err = policy.Attribute(t.Context(), ctx, ctx.Err())
				wantExpired(t, err, tt.limit)
				if err.Error() != tt.want || status.Convert(err).Message() != tt.want {
					t.Errorf("err = %q; want %q", err, tt.want)
				}
			})
		})
	}
}

// After a change of the rules the errors of a method name its new rule.
func TestTellsTheNewRule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := timeout.Each(timeout.Config{Default: time.Second})
		r, err := rules.New([]rules.Rule{{Match: "*", Policies: []rules.Template{all}}})
		if err != nil {
			t.Fatal(err)
		}
		ask := func() error {
			chain := r.Resolve(&policy.Call{Method: method, Side: policy.Local})
			return chain.Run(t.Context(), method, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		}
		wantExpired(t, ask(), timeout.ErrDefault)
		if err := r.Apply([]rules.Rule{{Match: method, Policies: []rules.Template{all}}}); err != nil {
			t.Fatal(err)
		}
		if err := ask(); !strings.Contains(err.Error(), fmt.Sprintf("(rule %q)", method)) {
			t.Errorf("err = %v; want it to name the new rule", err)
		}
	})
}

// untilEnd waits for the end of its context.
func untilEnd(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// answering answers with an error after a while, whatever its context says.
func answering(after time.Duration, err error) func(context.Context) error {
	return func(context.Context) error {
		time.Sleep(after)
		return err
	}
}

// detailed is somebody's own DEADLINE_EXCEEDED.
func detailed(t *testing.T) error {
	t.Helper()
	s, err := status.New(codes.DeadlineExceeded, "the shelf was empty for too long").WithDetails(&errdetails.ErrorInfo{Reason: "SHELF", Domain: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

// Only a call that outlived what the timeout gave it says so: whatever else ends it, or
// has ended before, stands.
func TestWhoseTimeItWas(t *testing.T) {
	t.Parallel()
	const second = time.Second
	cfg := timeout.Config{Default: second, Max: second}
	own := detailed(t)
	mine := status.Error(codes.DeadlineExceeded, "too slow a shelf")
	for _, tt := range []struct {
		name   string
		ends   time.Duration // of the caller's own context, zero: never
		cancel bool          // it is cancelled then
		does   func(context.Context) error
		limit  error // nil: the error is another's
		code   codes.Code
		text   string // in the error
	}{
		{"outlived", 0, false, untilEnd, timeout.ErrDefault, 0, "default of 1s"},
		{"outlived, with a deadline", time.Minute, false, untilEnd, timeout.ErrMax, 0, "max of 1s"},
		{"the caller's deadline", second / 2, false, untilEnd, nil, codes.DeadlineExceeded, ""},
		{"the caller gives up", second / 2, true, untilEnd, nil, codes.Canceled, "context canceled"},
		{"an answer of its own before", 0, false, answering(second/2, own), nil, codes.DeadlineExceeded, "the shelf was empty"},
		{"a plain answer before", 0, false, answering(second/2, mine), nil, codes.DeadlineExceeded, "too slow a shelf"},
		{"another code before", 0, false, answering(second/2, status.Error(codes.NotFound, "no shelf")), nil, codes.NotFound, "no shelf"},
		{"cancelled by what it needs", 0, false, answering(second/2, status.Error(codes.Canceled, "no shelf")), nil, codes.Canceled, "no shelf"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			check := func(t *testing.T, err error, here bool) {
				t.Helper()
				if tt.limit == nil {
					wantOther(t, err, tt.code)
				} else if here {
					wantExpired(t, err, tt.limit)
				} else {
					wantExpiredRemotely(t, err)
				}
				if !strings.Contains(err.Error(), tt.text) {
					t.Errorf("err = %v; want %q in it", err, tt.text)
				}
			}
			context := func(t *testing.T) context.Context {
				t.Helper()
				return ending(t, tt.ends, tt.cancel)
			}
			t.Run("client", func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cc := rpctest.Rig{Client: rpctest.ChainOf(t, newTimeout(t, cfg)), Unary: tt.does}.Start(t)
					check(t, rpctest.Invoke(context(t), cc), true)
				})
			})
			t.Run("client that reads trailers", func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cc := rpctest.Rig{Client: rpctest.ChainOf(t, newTimeout(t, cfg), pushed{}), Unary: tt.does}.Start(t)
					check(t, rpctest.Invoke(context(t), cc), true)
				})
			})
			t.Run("server", func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cc := rpctest.Rig{Server: rpctest.ChainOf(t, newTimeout(t, cfg)), Unary: tt.does}.Start(t)
					check(t, rpctest.Invoke(context(t), cc), false)
				})
			})
			t.Run("function", func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					check(t, policy.Run(context(t), newTimeout(t, cfg), "query", tt.does), true)
				})
			})
		})
	}
}

// pushed wants the trailers of its calls.
type pushed struct{}

func (pushed) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{Settler: pushed{}, Wants: policy.WantsEvidence}, nil
}

func (pushed) Settle(uint64, *policy.Outcome) {}

// ending returns a context that ends after a while, never if that is zero.
func ending(t *testing.T, after time.Duration, cancelled bool) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	switch {
	case after == 0:
	case cancelled:
		time.AfterFunc(after, cancel)
	default:
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, after)
		t.Cleanup(stop)
	}
	return ctx
}

// wantOther checks an error that the timeout must not have touched.
func wantOther(tb testing.TB, err error, code codes.Code) {
	tb.Helper()
	if policy.Code(err) != code || policy.ReasonOf(err) != "" || errors.Is(err, timeout.ErrDefault) || errors.Is(err, timeout.ErrMax) {
		tb.Errorf("err = %v; want another's %v", err, code)
	}
}

// What a handler says when its time is up is not lost, an answer with details of its own
// stands, and one that comes late is still one.
func TestWhatTheHandlerSays(t *testing.T) {
	t.Parallel()
	const late = 2 * time.Second
	for _, tt := range []struct {
		name   string
		does   func(context.Context) error
		reason policy.Reason
		code   codes.Code
		text   string
	}{
		{"plain", untilEnd, policy.ReasonTimeout, codes.DeadlineExceeded, "timeout: the call outlived its max of 1s"},
		{
			"what it waited for", func(ctx context.Context) error { return fmt.Errorf("reading the shelf: %w", untilEnd(ctx)) },
			policy.ReasonTimeout, codes.DeadlineExceeded,
			"timeout: the call outlived its max of 1s: reading the shelf: context deadline exceeded",
		},
		{
			"gRPC's of a call below", func(ctx context.Context) error { return status.FromContextError(untilEnd(ctx)).Err() },
			policy.ReasonTimeout, codes.DeadlineExceeded, "timeout: the call outlived its max of 1s",
		},
		{
			"gRPC's with more", answering(late, status.Error(codes.DeadlineExceeded, "latest balancer error: refused")),
			policy.ReasonTimeout, codes.DeadlineExceeded, "timeout: the call outlived its max of 1s: latest balancer error: refused",
		},
		{"cancelled", answering(late, context.Canceled), policy.ReasonTimeout, codes.DeadlineExceeded, "timeout: the call outlived its max of 1s"},
		{"details of its own", answering(late, detailed(t)), "", codes.DeadlineExceeded, "the shelf was empty for too long"},
		{"another code", answering(late, status.Error(codes.NotFound, "no shelf")), "", codes.NotFound, "no shelf"},
		{"an answer", answering(late, nil), "", codes.OK, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cc := rpctest.Rig{Server: rpctest.ChainOf(t, newTimeout(t, timeout.Config{Max: time.Second})), Unary: tt.does}.Start(t)
				err := rpctest.Invoke(t.Context(), cc)
				if s := status.Convert(err); s.Code() != tt.code || s.Message() != tt.text || policy.ReasonOf(err) != tt.reason {
					t.Errorf("err = %v for the reason %q; want %q, %v, %q", err, policy.ReasonOf(err), tt.text, tt.code, tt.reason)
				}
			})
		})
	}
}

// dialing returns the option of a client that never connects.
func dialing(err error) grpc.DialOption {
	return grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return nil, err })
}

// A client that could not connect in its time hears of both.
func TestTellsWhatTheCallWaitedFor(t *testing.T) {
	t.Parallel()
	refused := errors.New("nobody at home")
	synctest.Test(t, func(t *testing.T) {
		cc := rpctest.Rig{
			Client: rpctest.ChainOf(t, newTimeout(t, timeout.Config{Default: time.Minute})),
			Outer:  []grpc.DialOption{dialing(refused)},
		}.Start(t)
		err := rpctest.Invoke(t.Context(), cc, grpc.WaitForReady(true))
		wantExpired(t, err, timeout.ErrDefault)
		if !strings.Contains(err.Error(), refused.Error()) {
			t.Errorf("err = %v; want what kept it waiting", err)
		}
	})
}
