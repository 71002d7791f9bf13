package breaker_test

import (
	"math"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// FuzzPeerError ends calls with any error and pushback of a peer: whatever it says, a
// breaker that opens tries again within MaxOpenFor.
func FuzzPeerError(f *testing.F) {
	f.Add(uint32(codes.Unavailable), "afloat", "CIRCUIT_OPEN", int64(5), int32(0), int64(0))
	f.Add(uint32(codes.ResourceExhausted), "afloat", "BULKHEAD_FULL", int64(math.MaxInt64), int32(math.MaxInt32), int64(math.MaxInt64))
	f.Add(uint32(codes.Internal), "elsewhere", "", int64(math.MinInt64), int32(-1), int64(-1))
	f.Add(uint32(99), "", "\xff", int64(315576000000), int32(999999999), int64(time.Hour))
	f.Fuzz(func(t *testing.T, code uint32, domain, reason string, seconds int64, nanos int32, pushback int64) {
		const longest = 3 * time.Second
		b := newBreaker(t, breaker.Config{OpenFor: time.Second, MaxOpenFor: longest, ConsecutiveFailures: 3})
		s := status.New(codes.Code(code), "down")
		if with, err := s.WithDetails(
			&errdetails.ErrorInfo{Domain: domain, Reason: reason},
			&errdetails.RetryInfo{RetryDelay: &durationpb.Duration{Seconds: seconds, Nanos: nanos}},
		); err == nil {
			s = with
		}
		for range 40 {
			c, err := try(t, policy.Call{}, b)
			if err != nil {
				break
			}
			c.admission.SettleAs(policy.Outcome{Err: s.Err(), Evidence: policy.Evidence{Pushback: time.Duration(pushback)}})
		}
		snap := b.Snapshot()
		if snap.Failures < 0 || snap.Failures > snap.Calls || snap.ProbesInFlight != 0 {
			t.Errorf("%+v", snap)
		}
		if snap.State == breaker.Open && time.Until(snap.RetryAt) > longest {
			t.Errorf("it tries again in %v; want %v at most", time.Until(snap.RetryAt), longest)
		}
	})
}
