package interceptors_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// guardedBy returns a breaker that opens after ten failures in a row, and a chain of it.
func guardedBy(t *testing.T) (*breaker.Breaker, *policy.Chain) {
	t.Helper()
	b, err := breaker.New(breaker.Config{ConsecutiveFailures: 10, FailureRatio: 0.5, NoJitter: true, StreamGrace: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return b, rpctest.ChainOf(t, b)
}

// within makes a unary call with a deadline.
func within(ctx context.Context, cc *grpc.ClientConn, d time.Duration, opts ...grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return rpctest.Invoke(ctx, cc, opts...)
}

// hangs is a server that never answers.
func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// takes is a server that takes that long to answer.
func takes(d time.Duration) func(context.Context) error {
	return func(context.Context) error {
		time.Sleep(d)
		return nil
	}
}

// refused is a connection that nobody accepts.
func refused() grpc.DialOption {
	return grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return nil, errors.New("connection refused") })
}

// unreachable is a connection that is never made.
func unreachable() grpc.DialOption {
	return grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return nil, hangs(ctx) })
}

// tokens are credentials that cannot be had.
type tokens struct{ err error }

func (c tokens) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return nil, c.err
}

func (tokens) RequireTransportSecurity() bool { return false }

// saysOf makes calls that end as they would without a breaker, and one afterwards that
// tells whether the circuit is open.
type saysOf struct {
	name string
	rig  rpctest.Rig
	call func(ctx context.Context, cc *grpc.ClientConn) error
	// times is how often it is called, one after the other.
	times int
	opens bool
}

// What a unary call tells of the dependency, over a real connection.
func TestWhatUnaryCallsTell(t *testing.T) {
	t.Parallel()
	answers := func(code codes.Code) rpctest.Rig {
		return rpctest.Rig{Unary: func(context.Context) error { return status.Error(code, "it is so") }}
	}
	invoke := func(ctx context.Context, cc *grpc.ClientConn) error { return rpctest.Invoke(ctx, cc) }
	for _, c := range []saysOf{
		{"deadline in the past", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return within(ctx, cc, -time.Second)
		}, 30, false},
		{"cancelled before", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return rpctest.Invoke(ctx, cc)
		}, 30, false},
		{"deadline shorter than what is usual, but none is known", rpctest.Rig{Unary: takes(200 * time.Millisecond)}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return within(ctx, cc, 20*time.Millisecond)
		}, 10, true},
		{"hang", rpctest.Rig{Unary: hangs}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return within(ctx, cc, 250*time.Millisecond)
		}, 10, true},
		{"deadline of a network's round trip", rpctest.Rig{Unary: takes(20 * time.Millisecond)}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return within(ctx, cc, time.Millisecond)
		}, 100, false},
		{"connection refused", rpctest.Rig{Outer: []grpc.DialOption{refused()}}, invoke, 10, true},
		{"deadline while connecting", rpctest.Rig{Outer: []grpc.DialOption{unreachable()}}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return within(ctx, cc, 50*time.Millisecond)
		}, 10, true},
		{"cancelled by the server", answers(codes.Canceled), invoke, 10, true},
		{"cancelled by the caller", rpctest.Rig{Unary: hangs}, func(ctx context.Context, cc *grpc.ClientConn) error {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(50*time.Millisecond, cancel)
			return rpctest.Invoke(ctx, cc)
		}, 50, false},
		{"a deadline that the server's own calls ran into", answers(codes.DeadlineExceeded), invoke, 10, true},
		{"internal", answers(codes.Internal), invoke, 10, true},
		{"unavailable", answers(codes.Unavailable), invoke, 10, true},
		{"not found", answers(codes.NotFound), invoke, 100, false},
		{"message that cannot be marshalled", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return cc.Invoke(ctx, rpctest.Unary, "no message", rpctest.Message())
		}, 100, false},
		{"message over the limit of its sender", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return rpctest.Invoke(ctx, cc, grpc.MaxCallSendMsgSize(1))
		}, 100, false},
		{"no token for a caller", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return rpctest.Invoke(ctx, cc, grpc.PerRPCCredentials(tokens{status.Error(codes.Unavailable, "no token")}))
		}, 100, false},
		{"no token, and no status either", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			return rpctest.Invoke(ctx, cc, grpc.PerRPCCredentials(tokens{errors.New("no token")}))
		}, 100, false},
		{"an interceptor of the caller's own", rpctest.Rig{Inner: []grpc.DialOption{grpc.WithChainUnaryInterceptor(
			func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
				if ctx.Value(sound{}) == nil {
					return errors.New("no session")
				}
				return next(ctx, method, req, reply, cc, opts...)
			})}}, invoke, 100, false},
		{"an answer that must be complete", rpctest.Rig{Unary: func(context.Context) error {
			return (&degrade.IncompleteError{Report: degrade.NewReport()}).GRPCStatus().Err()
		}}, invoke, 100, false},
		{"a message that cannot be marshalled one tier below", rpctest.Rig{Unary: func(context.Context) error {
			return status.Error(codes.Internal, "grpc: error while marshaling: string field contains invalid UTF-8")
		}}, invoke, 100, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, chain := guardedBy(t)
				c.rig.Client = chain
				cc := c.rig.Start(t)
				for i := range c.times {
					if err := c.call(t.Context(), cc); err == nil || policy.IsRejection(err) {
						t.Fatalf("call %d: %v; want it to fail, and not by a refusal", i, err)
					}
				}
				err := rpctest.Invoke(context.WithValue(t.Context(), sound{}, true), cc)
				if got := policy.ReasonOf(err) == policy.ReasonCircuitOpen; got != c.opens {
					t.Errorf("the next call: %v, in state %v; want it refused: %v", err, b.State(), c.opens)
				}
			})
		})
	}
}

// sound marks the context of a call that nothing is wrong with.
type sound struct{}

// The same for functions: a context that was over before says nothing.
func TestLateFunctionsTellNothing(t *testing.T) {
	t.Parallel()
	b, _ := guardedBy(t)
	over, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for range 50 {
		_ = policy.Do(over, b, "query", func(ctx context.Context) error { return ctx.Err() })
	}
	if b.State() != breaker.Closed {
		t.Errorf("state = %v; want closed", b.State())
	}
	for range 10 {
		_ = policy.Do(over, b, "query", func(context.Context) error { return errors.New("no such table") })
	}
	if b.State() != breaker.Open {
		t.Errorf("state = %v after errors of the database's own; want open", b.State())
	}
}

// Calls with deadlines far below what the method takes harm nobody else, be they few among
// many or many among few, also where the tier between passes the deadline on.
func TestHurriedCallersHarmNobody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		usual, hurried time.Duration
		burst          int           // of hurried calls, every second
		every          time.Duration // a call of others
	}{
		{"12 a second among few", 20 * time.Millisecond, time.Millisecond, 12, time.Second},
		{"50 a second among many", 20 * time.Millisecond, time.Millisecond, 50, 10 * time.Millisecond},
		{"slow method", 300 * time.Millisecond, 30 * time.Millisecond, 12, time.Second / 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, far := guardedBy(t)
				backend := rpctest.Rig{Client: far, Unary: takes(tt.usual)}.Start(t)
				_, near := guardedBy(t)
				cc := rpctest.Rig{Client: near, Unary: func(ctx context.Context) error { return rpctest.Invoke(ctx, backend) }}.Start(t)
				for range fewToKnow {
					_ = within(t.Context(), cc, time.Second)
				}
				var all sync.WaitGroup
				end := time.Now().Add(30 * time.Second)
				all.Go(func() {
					for ; time.Now().Before(end); time.Sleep(time.Second) {
						for range tt.burst {
							all.Go(func() { _ = within(t.Context(), cc, tt.hurried) })
						}
					}
				})
				failed := 0
				for ; time.Now().Before(end); time.Sleep(tt.every) {
					if err := within(t.Context(), cc, 2*time.Second); err != nil {
						failed++
					}
				}
				all.Wait()
				if failed > 0 {
					t.Errorf("%d calls of others failed; want none", failed)
				}
			})
		})
	}
}

// fewToKnow is how many calls say what is usual.
const fewToKnow = 3

// What is usual excuses no hang: callers with deadlines that are enough see it as fast as
// before.
func TestHangAfterGoodTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, chain := guardedBy(t)
		answer := takes(20 * time.Millisecond)
		cc := rpctest.Rig{Client: chain, Unary: func(ctx context.Context) error { return answer(ctx) }}.Start(t)
		for range 100 {
			if err := within(t.Context(), cc, 250*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		answer = hangs
		for range 10 {
			_ = within(t.Context(), cc, 250*time.Millisecond)
		}
		if b.State() != breaker.Open {
			t.Errorf("state = %v; want open", b.State())
		}
	})
}

// A method that waits for long by nature may outlive a deadline that its caller did not
// set. One that is known to answer at once may not.
func TestDefaultDeadlineIsNoEvidence(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		known time.Duration // what it took so far, 0: nothing is known
		opens bool
	}{
		{"unknown", 0, false},
		{"known to take longer", 40 * time.Second, false},
		{"known to be fast", 10 * time.Millisecond, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rules := builtIn(t, policy.Client)
				answer := hangs
				cc := rpctest.Rig{Client: rules, Unary: func(ctx context.Context) error { return answer(ctx) }}.Start(t)
				if tt.known > 0 {
					answer = takes(tt.known)
					for range 20 {
						if err := within(t.Context(), cc, time.Hour); err != nil {
							t.Fatal(err)
						}
					}
					answer = hangs
				}
				refusals := 0
				for range 40 {
					if err := rpctest.Invoke(t.Context(), cc); policy.IsRejection(err) {
						refusals++
						time.Sleep(time.Second)
					}
				}
				if got := refusals > 0; got != tt.opens {
					t.Errorf("%d of 40 hanging calls refused; want any: %v", refusals, tt.opens)
				}
			})
		})
	}
}

// While the circuit is half-open, only a call that reached the dependency decides.
func TestProbesThatWereNotSent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		probe func(ctx context.Context, cc *grpc.ClientConn) error
	}{
		{"no token", func(ctx context.Context, cc *grpc.ClientConn) error {
			return rpctest.Invoke(ctx, cc, grpc.PerRPCCredentials(tokens{errors.New("no token")}))
		}},
		{"message that cannot be marshalled", func(ctx context.Context, cc *grpc.ClientConn) error {
			return cc.Invoke(ctx, rpctest.Unary, "no message", rpctest.Message())
		}},
		{"deadline in the past", func(ctx context.Context, cc *grpc.ClientConn) error { return within(ctx, cc, -1) }},
		{"deadline of a round trip", func(ctx context.Context, cc *grpc.ClientConn) error {
			return within(ctx, cc, time.Millisecond)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, chain := guardedBy(t)
				cc := rpctest.Rig{Client: chain, Unary: hangs}.Start(t)
				for b.State() != breaker.Open {
					_ = within(t.Context(), cc, time.Second)
				}
				time.Sleep(time.Until(b.Snapshot().RetryAt))
				for range 50 {
					if err := tt.probe(t.Context(), cc); policy.IsRejection(err) {
						t.Fatalf("in state %v: %v", b.State(), err)
					}
				}
				if b.State() != breaker.HalfOpen {
					t.Errorf("state = %v; want half-open", b.State())
				}
				_ = within(t.Context(), cc, time.Second) // was sent, and hangs
				if b.State() != breaker.Open {
					t.Errorf("state = %v after a probe that hung; want open", b.State())
				}
			})
		})
	}
}

// The program that closes a connection under its own calls has learned nothing of the
// dependency.
func TestClosedByTheProgram(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, chain := guardedBy(t)
		cc := rpctest.Rig{Client: chain, Unary: hangs}.Start(t)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { _ = rpctest.Invoke(t.Context(), cc) })
		}
		synctest.Wait()
		_ = cc.Close()
		all.Wait()
		if b.State() != breaker.Closed || b.Snapshot().Failures != 0 {
			t.Errorf("state = %v, %d failures; want closed, none", b.State(), b.Snapshot().Failures)
		}
	})
}
