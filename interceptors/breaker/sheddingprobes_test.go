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

// However long it sheds, a probe is sent after OpenFor at the latest.
func TestProbesThatAreShedReopen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := shedOpened(t, breaker.Config{})
		for _, part := range sheddingParts {
			wantOpenFor(t, b, breaker.DefaultOpenFor/part)
			wantRefused(t, b)
			probeDue(b)
			do(t, b, 1, errShed)
		}
		probeDue(b)
		do(t, b, 1, nil)
		wantState(t, b, breaker.Closed)
	})
}

// Once a probe fails in place of being shed, the circuit is open for that.
func TestFailuresAfterShedding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := shedOpened(t, breaker.Config{})
		probeDue(b)
		do(t, b, 1, errDown)
		probeDue(b)
		for range 5 { // the time of shedding begins anew
			do(t, b, 1, errShed)
			probeDue(b)
		}
		do(t, b, 1, nil)
		wantState(t, b, breaker.Closed)
	})
}

// After an outage, a dependency that sheds what it cannot do yet is asked as often as
// one that fails.
func TestProbesThatAreShedDecideNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := halfOpened(t, breaker.Config{SuccessesToClose: 3})
		for range 3 {
			do(t, b, 1, errShed)
			wantState(t, b, breaker.Open)
			probeDue(b)
		}
		do(t, b, 1, nil)
		do(t, b, 1, errShed)
		probeDue(b)
		do(t, b, 2, nil)
		wantState(t, b, breaker.Closed)
	})
	synctest.Test(t, func(t *testing.T) { // the control: nor is it closed for that
		b := halfOpened(t, breaker.Config{SuccessesToClose: 1})
		for began := time.Now(); time.Since(began) < breaker.SheddingLimit; probeDue(b) {
			do(t, b, 1, errShed)
		}
		do(t, b, 1, errShed)
		if got := time.Until(b.Snapshot().RetryAt); got > breaker.DefaultOpenFor {
			t.Errorf("open for %v; want %v at most", got, breaker.DefaultOpenFor)
		}
		wantState(t, b, breaker.Open)
	})
}

// An open time after which nobody called for long says nothing about now.
func TestPauseAfterOpenTimeEndsShedding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := shedOpened(t, breaker.Config{})
		time.Sleep(time.Hour)
		do(t, b, 1, errShed)
		probeDue(b)
		do(t, b, 1, nil)
		wantState(t, b, breaker.Closed)
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
		0: breaker.DefaultOpenFor / 8, 2 * time.Second: 2 * time.Second, 20 * time.Second: 20 * time.Second, 24 * time.Hour: breaker.DefaultMaxOpenFor,
	} {
		synctest.Test(t, func(t *testing.T) {
			later := refusedAfar(t, codes.Unavailable, policy.ReasonCircuitOpen, &errdetails.RetryInfo{RetryDelay: durationpb.New(asked)})
			b := newBreaker(t, exact(breaker.Config{}))
			each(t, b, time.Second, breaker.SheddingLimit, later)
			do(t, b, inARow, later)
			wantOpenFor(t, b, want)
			probeDue(b)
			do(t, b, 1, later)
			wantOpenFor(t, b, max(want, breaker.DefaultOpenFor/4))
		})
	}
}
