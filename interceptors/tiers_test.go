package interceptors_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// tower is three tiers above a backend, each a server whose handler asks the next. The
// client of each is guarded by a breaker. What the backend does, a test decides.
type tower struct {
	backend  func() error
	breakers [3]*breaker.Breaker
	// clients are those of the tiers from the backend upwards: the last one is that
	// of the three tiers.
	clients [3]*grpc.ClientConn
	// asked counts the calls that reach the backend and each tier above it.
	asked [3]atomic.Int64
}

// rise starts a tower. If asked to, each client repeats what it may.
func rise(t *testing.T, cfg breaker.Config, repeats bool) *tower {
	t.Helper()
	w := &tower{backend: func() error { return nil }}
	answer := func(context.Context) error { return w.backend() }
	for i := range w.clients {
		b, err := breaker.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		below := answer
		r := rpctest.Rig{Client: rpctest.ChainOf(t, b), Unary: func(ctx context.Context) error {
			w.asked[i].Add(1)
			return below(ctx)
		}}
		if repeats {
			r.Outer = append(r.Outer, grpc.WithChainUnaryInterceptor(retry.UnaryClientInterceptor(
				retry.WithMax(3), retry.WithBackoff(retry.BackoffLinear(time.Millisecond)), retry.WithRetriable(policy.Retriable(nil)))))
		}
		cc := r.Start(t)
		w.breakers[i], w.clients[i] = b, cc
		answer = func(ctx context.Context) error { return rpctest.Invoke(ctx, cc) }
	}
	return w
}

// back calls the i-th client until an instant, and returns how long after another
// instant it was well for good.
func (w *tower) back(ctx context.Context, i int, over, until time.Time) time.Duration {
	well := until
	for time.Now().Before(until) {
		began := time.Now()
		if err := rpctest.Invoke(ctx, w.clients[i]); err != nil {
			well = until
		} else if well.Equal(until) {
			well = began
		}
		time.Sleep(200 * time.Millisecond)
	}
	return well.Sub(over)
}

// Everybody has calls of their own, so that the tier next to the backend recovers by
// itself. Each of the others is back as soon as it, but for what their open times differ
// by chance: none waits for the one below first.
func TestOutageIsNotProlongedByTiers(t *testing.T) {
	t.Parallel()
	const outage = 30 * time.Second
	for _, tt := range []struct {
		name string
		cfg  breaker.Config
		late time.Duration // by chance, one open time of up to 20 or 40 s is half as long again as another
	}{
		{"exact", breaker.Config{NoJitter: true}, 5 * time.Second},
		{"by chance", breaker.Config{}, 15 * time.Second},
		{"long", breaker.Config{OpenFor: 10 * time.Second}, 25 * time.Second},
	} {
		for _, repeats := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, repeats %v", tt.name, repeats), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := rise(t, tt.cfg, repeats)
					over := time.Now().Add(10 * time.Second).Add(outage)
					w.backend = func() error {
						if left := time.Until(over); 0 < left && left <= outage {
							return errDown
						}
						return nil
					}
					var all sync.WaitGroup
					var back [3]time.Duration
					for i := range back {
						all.Go(func() { back[i] = w.back(t.Context(), i, over, over.Add(75*time.Second)) })
					}
					all.Wait()
					if late := max(back[1], back[2]) - back[0]; late > tt.late || back[0] > time.Minute {
						t.Errorf("back after %v: a tier is %v later than the one next to the backend", back, late)
					}
				})
			})
		}
	}
}

// An outage costs the backend no more calls with three tiers above it than with one, and
// the client of three tiers is back no later, whether or not each tier repeats.
func TestTiersDoNotMultiplyCalls(t *testing.T) {
	t.Parallel()
	const outage, inARow = 30 * time.Second, 8
	for _, repeats := range []bool{false, true} {
		var asked [3]int64
		var back [3]time.Duration
		for i := range asked {
			synctest.Test(t, func(t *testing.T) {
				w := rise(t, breaker.Config{NoJitter: true}, repeats)
				over := time.Now().Add(outage)
				w.backend = func() error {
					if time.Now().Before(over) {
						asked[i]++
						return errDown
					}
					return nil
				}
				back[i] = w.back(t.Context(), i, over, over.Add(75*time.Second))
			})
		}
		if most := asked[0] + 2; asked[0] < inARow || asked[1] > most || asked[2] > most {
			t.Errorf("repeats %v: the backend was asked %d times through one, two and three tiers", repeats, asked)
		}
		if most := back[0] + 5*time.Second; back[1] > most || back[2] > most {
			t.Errorf("repeats %v: back after %v through one, two and three tiers", repeats, back)
		}
	}
}

// The open circuit of the lowest tier is repeated by none above it. The control: what a
// tier may repeat, it does.
func TestNoTierRepeatsAnOpenCircuit(t *testing.T) {
	t.Parallel()
	for _, forced := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := rise(t, breaker.Config{}, true)
			for i := range w.breakers {
				m := breaker.AlwaysClosed
				if i == 0 && forced {
					m = breaker.AlwaysOpen
				}
				if err := w.breakers[i].SetMode(m); err != nil {
					t.Fatal(err)
				}
			}
			w.backend = func() error { return errDown }
			for range 5 {
				if err := rpctest.Invoke(t.Context(), w.clients[2]); policy.Code(err) != codes.Unavailable {
					t.Fatalf("error = %v", err)
				}
			}
			got, want := [3]int64{w.asked[0].Load(), w.asked[1].Load(), w.asked[2].Load()}, [3]int64{0, 5, 5}
			if !forced {
				want = [3]int64{5 * 27, 5 * 9, 5 * 3}
			}
			if got != want {
				t.Errorf("forced open %v: the backend and the tiers were asked %d times; want %d", forced, got, want)
			}
		})
	}
}
