package fault_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// Every code can be injected, with its message and its reason.
func TestAbort(t *testing.T) {
	t.Parallel()
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		cfg := fault.Config{Abort: code, AbortShare: 1}
		for _, message := range []string{"", "on purpose"} {
			cfg.Message = message
			err := strike(t, t.Context(), newFault(t, cfg), new(unary()))
			wantInjected(t, err, code)
			want := message
			if want == "" {
				want = "fault: injected"
			}
			if got := status.Convert(err).Message(); got != want {
				t.Errorf("message = %q; want %q", got, want)
			}
			if got, want := policy.Classify(err), policy.Classify(status.Error(code, "")); got != want {
				t.Errorf("an injected %v is a %v, a real one a %v", code, got, want)
			}
		}
	}
}

// A call is delayed first, then failed, each by a chance of its own.
func TestDice(t *testing.T) {
	t.Parallel()
	both := fault.Config{Delay: time.Second, DelayShare: 0.5, Abort: codes.Internal, AbortShare: 0.25}
	delayOnly := fault.Config{Delay: time.Second, DelayShare: 0.5}
	abortOnly := fault.Config{Abort: codes.Internal, AbortShare: 0.25}
	tests := []struct {
		name    string
		cfg     fault.Config
		numbers []float64
		delayed bool
		aborted bool
	}{
		{"both", both, []float64{0.49, 0.24}, true, true},
		{"delay", both, []float64{0.49, 0.25}, true, false},
		{"abort", both, []float64{0.5, 0.24}, false, true},
		{"neither", both, []float64{0.5, 0.25}, false, false},
		{"delay only", delayOnly, []float64{0}, true, false},
		{"abort only", abortOnly, []float64{0}, false, true},
		{"always", always(time.Second, codes.Internal), []float64{0.999, 0.999}, true, true},
		{"off", fault.Config{}, nil, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFault(t, tt.cfg, draws(t, tt.numbers...), fault.WithRand(nil))
				began, after, want := time.Now(), time.Duration(0), fault.Snapshot{}
				err := strike(t, t.Context(), f, new(unary()))
				if tt.delayed {
					after, want.Delayed = time.Second, 1
				}
				if tt.aborted {
					want.Aborted = 1
					wantInjected(t, err, codes.Internal)
				} else if err != nil {
					t.Errorf("err = %v; want none", err)
				}
				wantAfter(t, began, after)
				wantCounts(t, f, want)
			})
		})
	}
}

// Shares are what they say, and independent.
func TestShares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		cfg := fault.Config{Delay: time.Second, DelayShare: 0.2, Abort: codes.Internal, AbortShare: 0.05}
		f := newFault(t, cfg, fault.WithRand(random.Float64))
		const calls = 100_000
		hit := 0
		for range calls {
			began := time.Now()
			if err := strike(t, t.Context(), f, new(unary())); err != nil || time.Since(began) > 0 {
				hit++
			}
		}
		near := func(what string, n, want int) {
			if n < want*95/100 || n > want*105/100 {
				t.Errorf("%d of %d calls are %s; want about %d", n, calls, what, want)
			}
		}
		s := f.Snapshot()
		near("delayed", int(s.Delayed), calls/5)
		near("aborted", int(s.Aborted), calls/20)
		near("either", hit, calls*24/100) // A33: not 20, as by one die for both
	})
}

// A delay ends with the call, which then fails by whatever ended it.
func TestHang(t *testing.T) {
	t.Parallel()
	overstayed := status.Error(codes.DeadlineExceeded, "overstayed")
	tests := []struct {
		name   string
		derive func(context.Context) (context.Context, func())
		code   codes.Code
		cause  error
	}{
		{"deadline", func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			return ctx, cancel
		}, codes.DeadlineExceeded, nil},
		{"cancelled", func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, codes.Canceled, nil},
		{"cancelled for a reason of the caller", func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Second, func() { cancel(errors.New("bored")) })
			return ctx, func() { cancel(nil) }
		}, codes.Canceled, nil},
		{"ended by a policy", func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Second, func() { cancel(overstayed) })
			return ctx, func() { cancel(nil) }
		}, codes.DeadlineExceeded, overstayed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := hanging()
				cfg.Abort, cfg.AbortShare = codes.Internal, 1
				f := newFault(t, cfg)
				ctx, end := tt.derive(t.Context())
				defer end()
				began := time.Now()
				for range 2 { // the second time ctx is done from the start
					err := strike(t, ctx, f, new(unary()))
					wantPlain(t, err, tt.code)
					if tt.cause != nil {
						wantError(t, err, tt.cause)
					}
					wantAfter(t, began, time.Second)
				}
				wantCounts(t, f, fault.Snapshot{Delayed: 2})
			})
		})
	}
}

// Past the cap calls are left alone, until one of those under a fault is over.
func TestMaxActive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := hanging()
		cfg.MaxActive = 2
		f := newFault(t, cfg)
		ctx, cancel := context.WithCancel(t.Context())
		first, second := ask(t, ctx, f), ask(t, t.Context(), f)
		if !first.waits() || !second.waits() {
			t.Fatal("the first two calls are not delayed")
		}
		for range 10 {
			if err := strike(t, t.Context(), f, new(unary())); err != nil {
				t.Errorf("err = %v; want none past the cap", err)
			}
		}
		wantCounts(t, f, fault.Snapshot{Active: 2, Delayed: 2})
		cancel()
		if first.waits() {
			t.Fatal("the first call did not end")
		}
		third := ask(t, t.Context(), f)
		if !third.waits() {
			t.Fatal("the third call is not delayed")
		}
		// Neither a higher cap nor switching off touches what is under way.
		update(t, f, fault.Config{})
		if err := strike(t, t.Context(), f, new(unary())); err != nil {
			t.Errorf("err = %v; want none when switched off", err)
		}
		wantCounts(t, f, fault.Snapshot{Active: 2, Delayed: 3})
		time.Sleep(24 * time.Hour)
		if second.waits() || third.waits() {
			t.Error("calls are delayed for longer than the delay")
		}
		wantCounts(t, f, fault.Snapshot{Delayed: 3})
	})
}

// The cap holds under load, aborts included.
func TestMaxActiveAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const most = 3
		cfg := fault.Config{
			Delay: time.Millisecond, DelayShare: 0.5,
			Abort: codes.Internal, AbortShare: 0.5, MaxActive: most,
		}
		f := newFault(t, cfg)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for range 200 {
					_ = strike(t, t.Context(), f, new(unary())) // its error is chance
					if n := f.Snapshot().Active; n < 0 || n > most {
						t.Errorf("%d calls are under a fault; want at most %d", n, most)
					}
					time.Sleep(time.Duration(rand.IntN(1000)) * time.Microsecond)
				}
			})
		}
		wg.Wait()
		if s := f.Snapshot(); s.Active != 0 || s.Delayed == 0 || s.Aborted == 0 {
			t.Errorf("Snapshot() = %+v; want all over, and some of each", s)
		}
	})
}

// Faults can be switched on, changed and off while calls come.
func TestSwitch(t *testing.T) {
	t.Parallel()
	f := newFault(t, fault.Config{})
	for range 3 {
		if err := strike(t, t.Context(), f, new(unary())); err != nil {
			t.Errorf("off: %v", err)
		}
		for _, code := range []codes.Code{codes.Unavailable, codes.Internal} {
			update(t, f, always(0, code))
			wantInjected(t, strike(t, t.Context(), f, new(unary())), code)
		}
		update(t, f, fault.Config{})
	}
}

// To policies further out a fault is the dependency's doing: an outcome, no
// refusal, whether it fails the call or lasts until a timeout ends it.
func TestStandsInForTheDependency(t *testing.T) {
	t.Parallel()
	overdue, err := timeout.New(timeout.Config{Default: time.Second, FirstMessage: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		cfg    fault.Config
		kind   policy.Shape
		reason policy.Reason
	}{
		{"abort", fault.Config{Abort: codes.Unavailable, AbortShare: 1}, policy.Unary, policy.ReasonFaultInjected},
		{"hang", hanging(), policy.Unary, policy.ReasonTimeout},
		{"hanging stream", hanging(), policy.ServerStream, policy.ReasonTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				spy, observer := &policytest.Spy{Stands: policy.LayerBreaker}, new(policytest.Recorder)
				c, err := policy.NewChain([]policy.Policy{newFault(t, tt.cfg), overdue, spy}, policy.WithObserver(observer))
				if err != nil {
					t.Fatal(err)
				}
				var a policy.Admission
				defer a.Abandon()
				a.Call = policy.Call{Method: method, Shape: tt.kind}
				_, err = c.Admit(t.Context(), &a)
				if err == nil || policy.ReasonOf(err) != tt.reason {
					t.Errorf("err = %v; want one for the reason %q", err, tt.reason)
				}
				if s := spy.Settled(); len(s) != 1 || s[0].Verdict != policy.Failure {
					t.Errorf("settled as %+v; want one failure", s)
				}
				if n := len(observer.Of(policytest.Rejected)); n != 0 {
					t.Errorf("%d rejections reported; want none", n)
				}
			})
		})
	}
}
