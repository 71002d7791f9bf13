package orders

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// The compartments: how many calls may be under way at once.
const (
	PaymentPlaces   = 10
	InventoryPlaces = 20
)

// CallTimeout bounds each call to payments and to inventory.
const CallTimeout = time.Second

// OpenFor is how long a circuit stays open. It is short, so that the story of an
// outage fits in seconds.
const OpenFor = 500 * time.Millisecond

// Guard returns the rules for the connections to payments and inventory.
func Guard(opts ...policy.RulesOption) (*policy.Rules, error) {
	service := func(match string, places int) policy.Rule {
		return policy.Rule{Match: match, Policies: []policy.Template{
			timeout.Each(timeout.Config{Max: CallTimeout}),
			breaker.Each(breaker.Config{OpenFor: OpenFor, MaxOpenFor: OpenFor}).Per(policy.PerService),
			bulkhead.Each(bulkhead.Config{MaxConcurrent: places}).Per(policy.PerService),
		}}
	}
	return policy.NewRules([]policy.Rule{
		service("/dashboard.v1.PaymentService/*", PaymentPlaces),
		service("/dashboard.v1.InventoryService/*", InventoryPlaces),
	}, opts...)
}

// Ceiling returns the rules for the service's own server: no call may take longer than
// five seconds, nor may there be more than 512 at a time.
func Ceiling(opts ...policy.RulesOption) (*policy.Rules, error) {
	return policy.NewRules([]policy.Rule{{
		Match: "/dashboard.v1.OrderService/*",
		Policies: []policy.Template{
			timeout.Each(timeout.Config{Default: 5 * time.Second, Max: 5 * time.Second}),
			bulkhead.Each(bulkhead.Config{MaxConcurrent: 512}),
		},
	}}, opts...)
}
