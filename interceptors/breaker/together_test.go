package breaker_test

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// ends are the ways in which servers end streams that they have taken without saying that they
// go: grpcio at a connection's age and by force, grpc-js by force.
func ends() []policy.Outcome {
	taken := policy.Evidence{Sent: policy.Yes, Answered: policy.Yes, Header: true}
	reset := taken
	reset.Reset = true
	return []policy.Outcome{
		{Err: status.Error(codes.Unavailable, "enter idle"), Evidence: taken},
		{Err: status.Error(codes.Internal, "stream terminated by RST_STREAM with error code: NO_ERROR"), Evidence: reset},
		{Err: status.Error(codes.Canceled, "stream terminated by RST_STREAM with error code: CANCEL"), Evidence: reset},
	}
}

// A server that ends all its streams at once does it once.
func TestStreamsThatEndTogetherAreOneFailure(t *testing.T) {
	t.Parallel()
	for _, end := range ends() {
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, breaker.Config{})
			streams := make([]*inFlight, 40)
			for i := range streams {
				streams[i] = beginStream(t, b)
			}
			time.Sleep(time.Second)
			for _, s := range streams {
				s.admission.SettleAs(end)
				time.Sleep(time.Millisecond)
			}
			if got := b.Snapshot(); got.State != breaker.Closed || got.Failures != 1 {
				t.Errorf("%v: %d failures, %v; want one failure and a closed circuit", end.Err, got.Failures, got.State)
			}
		})
	}
}

// The controls: streams that end one after the other, and those that end together without any
// sign of life, are evidence each.
func TestStreamsThatEndByThemselvesAreFailures(t *testing.T) {
	t.Parallel()
	for _, end := range ends() {
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, breaker.Config{})
			for range 15 {
				s := beginStream(t, b)
				time.Sleep(time.Millisecond)
				s.admission.SettleAs(end)
			}
			wantState(t, b, breaker.Open)
		})
		synctest.Test(t, func(t *testing.T) {
			b := newBreaker(t, breaker.Config{})
			silent := end
			silent.Header = false
			streams := make([]*inFlight, 15)
			for i := range streams {
				streams[i] = beginStream(t, b)
			}
			time.Sleep(time.Second)
			for _, s := range streams {
				s.admission.SettleAs(silent)
			}
			wantState(t, b, breaker.Open)
		})
	}
}
