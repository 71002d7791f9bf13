package breaker_test

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// sheddingParts are the parts of the first open time that a breaker stays open for in
// turn while its dependency sheds.
var sheddingParts = []time.Duration{8, 4, 2, 1, 1, 1, 1, 1}

// However long it sheds, the open time does not grow beyond the first one. Each probe
// decides at once, and the first three answers close.
func TestProbesThatAreShedReopen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := shedOpened(t, breaker.Config{})
		for _, part := range sheddingParts {
			wantOpenFor(t, b, breaker.DefaultOpenFor/part)
			wantRefused(t, b)
			time.Sleep(breaker.DefaultOpenFor / part)
			do(t, b, 1, errShed)
		}
		time.Sleep(breaker.DefaultOpenFor)
		do(t, b, 1, nil)
		do(t, b, 10, errShed) // it does some work again
		wantState(t, b, breaker.HalfOpen)
		do(t, b, 2, nil)
		wantState(t, b, breaker.Closed)
		do(t, b, breaker.DefaultConsecutiveFailures, errDown)
		wantOpenFor(t, b, breaker.DefaultOpenFor) // the first time that it failed
	})
}

// Failures make open times grow, whether or not calls are shed in between.
func TestSheddingLeavesTheBackoffAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := tripped(t, breaker.Config{})
		want := breaker.DefaultOpenFor
		for range 3 {
			wantOpenFor(t, b, want)
			time.Sleep(want)
			each(t, b, time.Second, breaker.SheddingLimit, errShed)
			wantState(t, b, breaker.HalfOpen)
			for _, part := range sheddingParts {
				do(t, b, 1, errShed)
				wantOpenFor(t, b, breaker.DefaultOpenFor/part)
				time.Sleep(breaker.DefaultOpenFor / part)
			}
			do(t, b, 1, errDown)
			want *= 2
		}
	})
}

// After an outage, a dependency that sheds what it cannot do yet is not kept out for that.
func TestProbesThatAreShedDecideNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{SuccessesToClose: 3})
		each(t, b, time.Second, breaker.SheddingLimit, errShed)
		wantState(t, b, breaker.HalfOpen)
		do(t, b, 1, nil)
		each(t, b, time.Second, breaker.SheddingLimit, errShed)
		wantState(t, b, breaker.HalfOpen)
		do(t, b, 2, nil)
		wantState(t, b, breaker.Closed)
	})
	synctest.Test(t, func(t *testing.T) { // the control: nor is it closed for that
		b := halfOpened(t, breaker.Config{SuccessesToClose: 1})
		each(t, b, time.Second, breaker.SheddingLimit, errShed)
		do(t, b, 1, errShed)
		wantOpenFor(t, b, breaker.DefaultOpenFor/8)
	})
}

// An open time after which nobody called for long says nothing about now.
func TestPauseAfterOpenTimeEndsShedding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := shedOpened(t, breaker.Config{})
		time.Sleep(time.Hour)
		do(t, b, 1, errShed)
		wantState(t, b, breaker.HalfOpen)
	})
	synctest.Test(t, func(t *testing.T) { // the control: an open time is no pause
		b := shedOpened(t, breaker.Config{OpenFor: time.Hour})
		time.Sleep(time.Hour/8 + 59*time.Second)
		do(t, b, 1, errShed)
		wantOpenFor(t, b, 15*time.Minute)
	})
}

// What the peer asks for is heard, up to the bound.
func TestSheddingWithRetryInfo(t *testing.T) {
	t.Parallel()
	for asked, want := range map[time.Duration]time.Duration{
		0: breaker.DefaultOpenFor / 8, time.Second: time.Second, 20 * time.Second: 20 * time.Second, 24 * time.Hour: breaker.DefaultMaxOpenFor,
	} {
		synctest.Test(t, func(t *testing.T) {
			later := refusedAfar(t, codes.Unavailable, policy.ReasonCircuitOpen, &errdetails.RetryInfo{RetryDelay: durationpb.New(asked)})
			b := newBreaker(t, exact(breaker.Config{}))
			each(t, b, time.Second, breaker.SheddingLimit, later)
			do(t, b, breaker.DefaultConsecutiveFailures, later)
			wantOpenFor(t, b, want)
			time.Sleep(want)
			do(t, b, 1, later)
			wantOpenFor(t, b, max(want, breaker.DefaultOpenFor/4))
		})
	}
}
