package interceptors_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

// guardedBy returns a breaker as in the built-in rule, but for a StreamGrace of 100 ms, and
// a chain of it.
func guardedBy(t *testing.T) (*breaker.Breaker, *policy.Chain) {
	t.Helper()
	b, err := breaker.New(breaker.Config{StreamGrace: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return b, rpctest.ChainOf(t, b)
}

// within makes a unary call with a deadline.
func within(ctx context.Context, cc *grpc.ClientConn, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return rpctest.Invoke(ctx, cc)
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
	// times is how often it is called, one after the other, or until the circuit opens. A
	// new circuit knows nothing of the dependency and needs more than ten failures for that.
	times int
	opens bool
}

// told is what came of such calls: the last error, its outcome, and whether the circuit is
// open.
type told struct {
	err     error
	outcome policy.Outcome
	opened  bool
}

// told makes the calls. It must be called in a bubble.
func (c saysOf) told(t *testing.T) (last told) {
	t.Helper()
	b, chain := guardedBy(t)
	rec := new(policytest.Recorder)
	chain, err := policy.NewChain(chain.Policies(), policy.WithObserver(rec))
	if err != nil {
		t.Fatal(err)
	}
	c.rig.Client = chain
	cc := c.rig.Start(t)
	calls := 0
	for b.State() == breaker.Closed && calls < c.times {
		calls++
		if last.err = c.call(t.Context(), cc); last.err == nil || policy.IsRejection(last.err) {
			t.Fatalf("%s: call %d: %v; want it to fail, and not by a refusal", c.name, calls, last.err)
		}
	}
	synctest.Wait()
	settled := rec.Of(policytest.Settled)
	if len(settled) != calls {
		t.Fatalf("%s: %d of %d calls settled", c.name, len(settled), calls)
	}
	last.outcome, last.opened = settled[calls-1].Outcome, b.State() == breaker.Open
	if !last.opened {
		if err := within(context.WithValue(t.Context(), sound{}, true), cc, time.Second); policy.IsRejection(err) {
			t.Errorf("%s: in state %v the next call is refused: %v", c.name, b.State(), err)
		}
	}
	return last
}

// testTold checks what the calls tell.
func testTold(t *testing.T, cases []saysOf) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if last := c.told(t); last.opened != c.opens {
					t.Errorf("open: %v after %v (%+v); want %v", last.opened, last.err, last.outcome, c.opens)
				}
			})
		})
	}
}
