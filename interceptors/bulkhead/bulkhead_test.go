package bulkhead_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

func TestFullWithoutQueue(t *testing.T) {
	t.Parallel()
	b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 2}, bulkhead.WithName("payments"))
	first := take(t, b)
	take(t, b)
	_, err := b.Acquire(t.Context(), new(call()))

	r, ok := errors.AsType[*policy.Rejection](err)
	if !ok {
		t.Fatalf("Acquire = %v; want a rejection", err)
	}
	want := policy.Rejection{
		Kind: "bulkhead", Name: "payments", Method: method,
		Reason: policy.ReasonBulkheadFull, Err: bulkhead.ErrFull,
	}
	if *r != want {
		t.Errorf("rejection = %+v; want %+v", *r, want)
	}
	if got := status.Code(err); got != codes.ResourceExhausted {
		t.Errorf("code = %v; want RESOURCE_EXHAUSTED", got)
	}
	if got, want := err.Error(), "bulkhead: full: "+method+" (payments)"; got != want {
		t.Errorf("Error() = %q; want %q", got, want)
	}
	giveBack(first)
	take(t, b)
	wantCounts(t, b, 2, 0)
}

func TestSnapshotAndIdle(t *testing.T) {
	t.Parallel()
	b := newBulkhead(t, queued(3, 5), bulkhead.WithName("payments"))
	if !b.Idle() {
		t.Error("Idle() = false at first")
	}
	p := take(t, b)
	want := bulkhead.Snapshot{Name: "payments", MaxConcurrent: 3, MaxQueue: 5, InFlight: 1}
	if got := b.Snapshot(); got != want {
		t.Errorf("Snapshot() = %+v; want %+v", got, want)
	}
	if b.Idle() {
		t.Error("Idle() = true with a call in flight")
	}
	giveBack(p)
	if !b.Idle() {
		t.Error("Idle() = false in the end")
	}
}

func TestPermitWants(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		cfg  bulkhead.Config
		want policy.Wants
	}{
		{name: "nothing without a queue", cfg: bulkhead.Config{MaxConcurrent: 1}, want: 0},
		{name: "instants with one", cfg: queued(1, 1), want: policy.WantsStart | policy.WantsEnd},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			asked := new(call())
			p, err := newBulkhead(t, tt.cfg).Acquire(t.Context(), asked)
			if err != nil || p.Wants != tt.want || asked.Begin != 0 || asked.Waited != 0 {
				t.Errorf("permit = %+v, %v, of %+v; want Wants %v, and no instants of a call that did not wait", p, err, asked, tt.want)
			}
		})
	}
}

func TestContextDoneBefore(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, stop := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer stop()
	timedOut, end := context.WithCancelCause(t.Context())
	end(fmt.Errorf("too long: %w", status.Error(codes.DeadlineExceeded, "too long")))
	givenUp, end := context.WithCancelCause(t.Context())
	end(errors.New("gave up"))
	tests := []struct {
		name string
		ctx  context.Context
		want error
		code codes.Code
	}{
		{"cancelled", cancelled, bulkhead.ErrCancelled, codes.Canceled},
		{"cancelled with a cause of the caller", givenUp, bulkhead.ErrCancelled, codes.Canceled},
		{"cancelled by a timeout", timedOut, bulkhead.ErrDeadline, codes.DeadlineExceeded},
		{"deadline passed", expired, bulkhead.ErrDeadline, codes.DeadlineExceeded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBulkhead(t, queued(1, 1))
			_, err := b.Acquire(tt.ctx, new(call()))
			if !errors.Is(err, tt.want) || status.Code(err) != tt.code {
				t.Errorf("Acquire = %v (%v); want %v (%v)", err, status.Code(err), tt.want, tt.code)
			}
			wantCounts(t, b, 0, 0)
		})
	}
}

// A call that was cancelled gives its place back like any other (bug 12: not
// released on cancel), and so does one that a policy further in refused, that
// failed, or whose end is ignored.
func TestEveryOutcomeReleases(t *testing.T) {
	t.Parallel()
	for _, v := range []policy.Verdict{policy.Success, policy.Failure, policy.Ignored, policy.NotStarted} {
		for _, err := range []error{nil, context.Canceled, status.Error(codes.Canceled, "cancelled")} {
			b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 1})
			p := take(t, b)
			p.Settler.Settle(p.Token, &policy.Outcome{Err: err, Verdict: v})
			wantCounts(t, b, 0, 0)
		}
	}
}

// A permit settled twice must not raise the limit (bug 12: released twice).
func TestSettleTwiceDoesNotRaiseLimit(t *testing.T) {
	t.Parallel()
	for _, cfg := range []bulkhead.Config{{MaxConcurrent: 1}, queued(1, 1)} {
		b := newBulkhead(t, cfg)
		p := take(t, b)
		for range 3 {
			giveBack(p)
			wantCounts(t, b, 0, 0)
		}
		if err := b.Update(bulkhead.Config{MaxConcurrent: 1}); err != nil {
			t.Fatal(err)
		}
		take(t, b)
		if _, err := b.Acquire(t.Context(), new(call())); !errors.Is(err, bulkhead.ErrFull) {
			t.Errorf("a second Acquire = %v; want %v", err, bulkhead.ErrFull)
		}
	}
}

// A call that panics or ends its goroutine gives its place back (bug 15: leak
// on panic).
func TestPanicReleases(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		call func()
	}{
		{"panic", func() { panic("thrown") }},
		{"Goexit", runtime.Goexit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBulkhead(t, queued(1, 1))
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer func() { _ = recover() }()
				_ = policy.Run(context.Background(), b, "call", func(context.Context) error {
					tt.call()
					return nil
				})
			}()
			<-done
			wantCounts(t, b, 0, 0)
		})
	}
}

// A call that is dropped further in gives its place back (bug 14: leak when the
// framework drops the call), be it by a refusal or by a panic there.
func TestDroppedCallReleases(t *testing.T) {
	t.Parallel()
	for _, inner := range []policy.Policy{&policytest.Spy{Stands: policy.LayerRateLimit, Refusal: errors.New("no")}, thrower{}} {
		b := newBulkhead(t, queued(1, 1))
		chain, err := policy.NewChain([]policy.Policy{b, inner})
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = chain.Run(t.Context(), "call", func(context.Context) error {
				t.Error("the call ran")
				return nil
			})
		}()
		wantCounts(t, b, 0, 0)
	}
}

// thrower is a policy that panics.
type thrower struct{}

func (thrower) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	panic("thrown")
}

func TestConformance(t *testing.T) { //nolint:paralleltest // Run measures allocations
	tests := []struct {
		name string
		cfg  bulkhead.Config
	}{
		{"without queue", bulkhead.Config{MaxConcurrent: 4}},
		{"with queue", bulkhead.Config{MaxConcurrent: 4, MaxQueue: 4, MaxWait: 10 * time.Millisecond}},
		{"with patience", bulkhead.Config{MaxConcurrent: 4, MaxQueue: 100, MaxWait: time.Hour}},
		{"in shadow", bulkhead.Config{MaxConcurrent: 4, Shadow: true}},
	}
	for _, tt := range tests { //nolint:paralleltest // as above
		t.Run(tt.name, func(t *testing.T) {
			policytest.Run(t, func(tb testing.TB) policy.Policy {
				tb.Helper()
				return newBulkhead(tb, tt.cfg)
			}, policytest.WithRefusing(func(tb testing.TB) policy.Policy {
				tb.Helper()
				b := newBulkhead(tb, bulkhead.Config{MaxConcurrent: 1})
				take(tb, b)
				return b
			}))
		})
	}
}
