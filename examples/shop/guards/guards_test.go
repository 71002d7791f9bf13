package guards_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// A service's circuit is found by any of its methods, and only once it was called.
func TestCircuits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rules, err := rules.New([]rules.Rule{{Match: "*", Policies: []rules.Template{
			bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}),
			breaker.Each(breaker.Config{ConsecutiveFailures: 1}).Per(rules.PerService),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		services := []guards.Service{{"users", "/shop.Users/"}, {"payments", "/shop.Payments/"}, {"stock", "/shop.Stock/"}}
		if all := guards.Circuits(rules, services); all != nil {
			t.Errorf("circuits before the first call = %v", all)
		}
		for method, fails := range map[string]error{"/shop.Payments/Charge": errors.New("down"), "/shop.Users/Get": nil} {
			chain := rules.Resolve(&policy.Call{Method: method})
			_ = chain.Run(t.Context(), method, func(context.Context) error { return fails })
		}
		want := []guards.Circuit{{"users", breaker.Closed}, {"payments", breaker.Open}}
		if all := guards.Circuits(rules, services); !slices.Equal(all, want) {
			t.Errorf("circuits = %v; want %v", all, want)
		}
	})
	if all := guards.Circuits(nil, []guards.Service{{"users", "/shop.Users/"}}); all != nil {
		t.Errorf("circuits of no rules = %v", all)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	open, half, closed := guards.Circuit{"a", breaker.Open}, guards.Circuit{"b", breaker.HalfOpen}, guards.Circuit{"c", breaker.Closed}
	for want, all := range map[string][]guards.Circuit{
		"none: the guard is off":                 nil,
		"all closed":                             {closed, closed},
		"a open, b half_open; the others closed": {open, half, closed},
		"a open":                                 {open},
	} {
		if got := guards.Summary(all); got != want {
			t.Errorf("summary of %v = %q; want %q", all, got, want)
		}
	}
}
