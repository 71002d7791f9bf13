package interceptors_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
)

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
