package telemetry_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/policy"
)

const (
	ofBanner  = "afloat.chain.name=banner"
	inGetPage = "afloat.plan.name=GetPage"
	firstStep = "afloat.step.fallback=false"
	bannerOwn = "afloat.step.name=banner"
)

// A step that waits for a place of its own says so, and where the time went.
func TestStepsSayThatTheyWaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		places, err := bulkhead.New(bulkhead.Config{MaxConcurrent: 1, MaxQueue: 1, MaxWait: time.Second}, bulkhead.WithName("banners"))
		if err != nil {
			t.Fatal(err)
		}
		held, err := places.Acquire(t.Context(), &policy.Call{})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(250*time.Millisecond, func() { held.Settler.Settle(held.Token, &policy.Outcome{}) })
		b.gather(t, fanout.Optional("banner", banner(nil), setBanner).Guard(places))

		b.wantTree(t, "handler", "handler / GetPage banner", "handler / GetPage banner / bulkhead wait")
		b.only(t, "GetPage banner").wantOwn(t, ofBanner, inGetPage, "afloat.policy.kind=bulkhead", firstStep, bannerOwn,
			"afloat.wait.duration=0.25")
		if s := b.only(t, "bulkhead wait"); s.EndTime.Sub(s.StartTime) != 250*time.Millisecond {
			t.Errorf("the wait is from %v to %v", s.StartTime, s.EndTime)
		}
		b.wantPoints(t, "afloat.local.wait.duration",
			"afloat.operation.name=GetPage banner afloat.policy.kind=bulkhead: 1 in 0.25")
		b.wantPoints(t, "afloat.local.calls", "afloat.operation.name=GetPage banner afloat.verdict=success: 1")
	})
}

// A step that its own policies refuse has one span, which says who and why.
func TestStepsSayWhoRefusedThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		open, err := breaker.New(breaker.Config{Mode: breaker.AlwaysOpen}, breaker.WithName("banners"))
		if err != nil {
			t.Fatal(err)
		}
		b.gather(t, fanout.Optional("banner", banner(nil), setBanner).Guard(open).Else(fallback.To("cached", banner(nil))))

		b.wantTree(t, "handler", "handler / GetPage banner", "handler / GetPage banner: cached")
		s := b.only(t, "GetPage banner")
		s.wantOwn(t, ofBanner, inGetPage, "afloat.policy.kind=breaker", "afloat.policy.name=banners",
			"afloat.rejection.reason=circuit_open", firstStep, bannerOwn)
		if !s.says("error.type", "circuit_open") {
			t.Errorf("the step has %v", s.Attributes)
		}
		b.wantPoints(t, "afloat.local.rejections",
			"afloat.operation.name=GetPage banner afloat.policy.kind=breaker afloat.rejection.reason=circuit_open: 1")
		b.wantPoints(t, "afloat.step.failures", ofBanner+" "+inGetPage+" "+bannerOwn+" error.type=circuit_open: 1")
	})
}

// What a step does under policies of others is not the step's.
func TestFunctionsWithinStepsHaveSpansOfTheirOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		open, err := breaker.New(breaker.Config{Mode: breaker.AlwaysOpen}, breaker.WithName("database"))
		if err != nil {
			t.Fatal(err)
		}
		guard, err := policy.NewChain([]policy.Policy{open}, policy.WithObserver(b))
		if err != nil {
			t.Fatal(err)
		}
		read := func(ctx context.Context, _ request) (banner string, err error) {
			return "", guard.Run(ctx, "SELECT", func(context.Context) error { return nil })
		}
		b.gather(t, fanout.Optional("banner", read, setBanner).Else(fallback.Default(func(request) string { return "welcome" })))
		b.wantTree(t, "handler", "handler / GetPage banner", "handler / GetPage banner / SELECT", "handler / GetPage banner: default")
		b.only(t, "GetPage banner").wantOwn(t, ofBanner, inGetPage, firstStep, bannerOwn)
	})
}
