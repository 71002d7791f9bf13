package migration

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/failsafegrpc"
	"github.com/failsafe-go/failsafe-go/fallback"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/breaker"
	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// What the page says of failsafe-go apart from the pair.

func TestFailsafeInterceptorDropsResponsesOfFallbacks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &backend{answer: down}
		client := b.connect(t, grpc.WithChainUnaryInterceptor(failsafegrpc.NewUnaryClientInterceptor(
			fallback.NewWithResult[any](&pb.GetProfileResponse{Name: "anonymous"}))))
		got, err := client.GetProfile(t.Context(), &pb.GetProfileRequest{Id: "7"})
		if err != nil || got.GetName() != "" {
			t.Errorf("%v, %v; want an empty response and no error", got, err)
		}
	})
}

func TestFailsafeBreakerOpensAtOneErrorByDefault(t *testing.T) {
	t.Parallel()
	circuit := circuitbreaker.NewWithDefaults[any]()
	err := failsafe.With(circuit).Run(func() error { return errNone })
	if !errors.Is(err, errNone) || !circuit.IsOpen() || circuit.RemainingDelay() < 59*time.Second {
		t.Errorf("%v, %v, %v; want a circuit that is open for a minute", err, circuit.State(), circuit.RemainingDelay())
	}
}

// A rate is rounded to two places.
func TestFailsafeBreakerRoundsRates(t *testing.T) {
	t.Parallel()
	theirs := circuitbreaker.NewBuilder[any]().WithFailureRateThreshold(0.5, 200, time.Hour).Build()
	ours, err := breaker.New(breaker.Config{FailureRatio: 0.5, MinCalls: 200, Window: time.Hour, ConsecutiveFailures: breaker.Off})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		var result error
		if i >= 101 {
			result = errDown
		}
		_ = failsafe.With(theirs).Run(func() error { return result })
		_ = policy.Run(t.Context(), ours, "call", func(context.Context) error { return result })
	}
	if !theirs.IsOpen() || ours.State() != breaker.Closed {
		t.Errorf("after 99 failures of 200: %v, afloat %v; want open and closed", theirs.State(), ours.State())
	}
}

// Without a success threshold a half-open breaker lets as many through as must
// have been called before it judges.
func TestFailsafeBreakerTriesManyByDefault(t *testing.T) {
	t.Parallel()
	circuit := circuitbreaker.NewBuilder[any]().WithFailureRateThreshold(0.5, 20, time.Hour).Build()
	circuit.HalfOpen()
	var probes int
	for probes < 1000 && circuit.TryAcquirePermit() {
		probes++
	}
	if probes != 20 {
		t.Errorf("%d probes at once; want 20", probes)
	}
}

// What was begun before the circuit opened is judged by the state that it meets.
func TestFailsafeBreakerCountsLateResults(t *testing.T) {
	t.Parallel()
	circuit := circuitbreaker.NewBuilder[any]().WithFailureThreshold(1).WithDelay(time.Hour).Build()
	if !circuit.TryAcquirePermit() { // begins while it is closed
		t.Fatal("refused by a closed circuit")
	}
	_ = failsafe.With(circuit).Run(func() error { return errDown })
	if !circuit.IsOpen() {
		t.Fatal("not open")
	}
	circuit.HalfOpen()
	circuit.RecordSuccess() // and ends
	if !circuit.IsClosed() {
		t.Errorf("%v; want closed", circuit.State())
	}
}
