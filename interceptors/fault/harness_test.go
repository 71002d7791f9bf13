package fault_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// method is what calls that go over no wire are made to.
const method = rpctest.BidiStream

func newFault(tb testing.TB, cfg fault.Config, opts ...fault.Option) *fault.Fault {
	tb.Helper()
	f, err := fault.New(cfg, opts...)
	if err != nil {
		tb.Fatalf("New(%+v) = %v", cfg, err)
	}
	return f
}

func update(tb testing.TB, f *fault.Fault, cfg fault.Config) {
	tb.Helper()
	if err := f.Update(cfg); err != nil {
		tb.Fatalf("Update(%+v) = %v", cfg, err)
	}
}

// always delays and aborts every call.
func always(delay time.Duration, abort codes.Code) fault.Config {
	return fault.Config{Delay: delay, DelayShare: 1, Abort: abort, AbortShare: 1}
}

// hanging delays every call for longer than any test.
func hanging() fault.Config { return fault.Config{Delay: 24 * time.Hour, DelayShare: 1} }

// draws has the given random numbers come in turn. It fails the test when it is asked
// more often.
func draws(tb testing.TB, numbers ...float64) fault.Option {
	tb.Helper()
	var mu sync.Mutex
	return fault.WithRand(func() float64 {
		mu.Lock()
		defer mu.Unlock()
		if len(numbers) == 0 {
			tb.Error("too many random numbers are drawn")
			return 1
		}
		next := numbers[0]
		numbers = numbers[1:]
		return next
	})
}

func unary() policy.Call { return policy.Call{Method: method} }

// strike asks f about a call that must need no settling, and returns its error.
func strike(tb testing.TB, ctx context.Context, f *fault.Fault, call *policy.Call) error { //nolint:revive // tb comes first
	tb.Helper()
	permit, err := f.Acquire(ctx, call)
	if permit != (policy.Permit{}) {
		tb.Errorf("permit = %+v; want the zero one", permit)
	}
	return err
}

// attempt is a strike in a goroutine of its own.
type attempt struct{ result atomic.Pointer[result] }

type result struct {
	err   error
	after time.Duration
}

// ask starts an attempt and lets it get as far as it can.
func ask(tb testing.TB, ctx context.Context, f *fault.Fault) *attempt { //nolint:revive // tb comes first
	tb.Helper()
	var a attempt
	began := time.Now()
	go func() {
		err := strike(tb, ctx, f, new(unary()))
		a.result.Store(&result{err, time.Since(began)})
	}()
	synctest.Wait()
	return &a
}

func (a *attempt) waits() bool {
	synctest.Wait()
	return a.result.Load() == nil
}

func wantInjected(tb testing.TB, err error, code codes.Code) {
	tb.Helper()
	st := status.Convert(err)
	if st.Code() != code || policy.ReasonOf(st.Err()) != policy.ReasonFaultInjected {
		tb.Errorf("err = %v; want an injected %v", err, code)
	}
	if policy.IsRejection(err) {
		tb.Error("the error is a rejection; a breaker would not count it")
	}
}

// wantPlain checks an error that was not injected.
func wantPlain(tb testing.TB, err error, code codes.Code) {
	tb.Helper()
	if got := status.Code(err); got != code || policy.ReasonOf(err) != "" {
		tb.Errorf("err = %v; want a plain %v", err, code)
	}
}

func wantAfter(tb testing.TB, began time.Time, want time.Duration) {
	tb.Helper()
	if got := time.Since(began); got != want {
		tb.Errorf("over after %v; want %v", got, want)
	}
}

func wantCounts(tb testing.TB, f *fault.Fault, want fault.Snapshot) {
	tb.Helper()
	if got := f.Snapshot(); got != want {
		tb.Errorf("Snapshot() = %+v; want %+v", got, want)
	}
	if got := f.Idle(); got != (want.Active == 0) {
		tb.Errorf("Idle() = %v with %d active", got, want.Active)
	}
}

func wantError(tb testing.TB, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Errorf("err = %v; want %v", err, want)
	}
}
