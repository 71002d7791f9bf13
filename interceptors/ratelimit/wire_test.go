package ratelimit_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
)

// one resolves every call to one chain.
type one struct{ chain *policy.Chain }

func (o one) Resolve(*policy.Call) *policy.Chain { return o.chain }

// dial runs a health server and a client in the bubble, with a limiter on
// either side, either of which may be nil.
func dial(t *testing.T, client, server *ratelimit.Limiter) healthpb.HealthClient {
	t.Helper()
	resolver := func(l *ratelimit.Limiter) one {
		var policies []policy.Policy
		if l != nil {
			policies = append(policies, l)
		}
		chain, err := policy.NewChain(policies)
		if err != nil {
			t.Fatal(err)
		}
		return one{chain}
	}
	listener := bufconn.Listen(1 << 20)
	s := grpc.NewServer(interceptors.ServerOptions(resolver(server))...)
	healthpb.RegisterHealthServer(s, health.NewServer())
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	cc, err := grpc.NewClient("passthrough:///health", append(
		interceptors.DialOptions(resolver(client)),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cc.Close(); err != nil {
			t.Error(err)
		}
		s.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return healthpb.NewHealthClient(cc)
}

// wantLimited checks a refusal by its status alone, as a peer sees it.
func wantLimited(t *testing.T, err error, retry time.Duration) {
	t.Helper()
	st := status.Convert(err)
	if st.Code() != codes.ResourceExhausted || policy.ReasonOf(st.Err()) != policy.ReasonRateLimited {
		t.Errorf("err = %v; want RESOURCE_EXHAUSTED, RATE_LIMITED", err)
	}
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			if got := info.GetRetryDelay().AsDuration(); got != retry {
				t.Errorf("RetryInfo = %v; want %v", got, retry)
			}
			return
		}
	}
	t.Error("no RetryInfo")
}

func check(t *testing.T, c healthpb.HealthClient) error {
	t.Helper()
	_, err := c.Check(t.Context(), &healthpb.HealthCheckRequest{})
	return err
}

// A refusal looks the same from the client's own limiter and from a server's.
func TestOverTheWire(t *testing.T) {
	t.Parallel()
	for _, side := range []policy.Side{policy.Client, policy.Server} {
		t.Run(side.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, ratelimit.Config{PerSecond: 1, Burst: 1})
				c := dial(t, l, nil)
				if side == policy.Server {
					c = dial(t, nil, l)
				}
				if err := check(t, c); err != nil {
					t.Fatal(err)
				}
				time.Sleep(750 * time.Millisecond)
				wantLimited(t, check(t, c), 250*time.Millisecond)
				time.Sleep(250 * time.Millisecond)
				if err := check(t, c); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A stream takes one token, whatever it carries.
func TestStreamTakesOneToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Config{PerSecond: 1, Burst: 3})
		c := dial(t, l, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s, err := c.Watch(ctx, &healthpb.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Recv(); err != nil {
			t.Fatal(err)
		}
		wantCounts(t, l, 2, 0)
	})
}
