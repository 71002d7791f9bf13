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

// OpenFor is how long the circuit of payments stays open at first.
const OpenFor = time.Second

// Guard returns the rules for the connections to payments and inventory.
func Guard() (*policy.Rules, error) {
	service := func(match string, places int) policy.Rule {
		return policy.Rule{Match: match, Policies: []policy.Template{
			timeout.Each(timeout.Config{Max: time.Second}),
			breaker.Each(breaker.Config{OpenFor: OpenFor, MaxOpenFor: OpenFor}).Per(policy.PerService),
			bulkhead.Each(bulkhead.Config{MaxConcurrent: places}).Per(policy.PerService),
		}}
	}
	return policy.NewRules([]policy.Rule{
		service("/dashboard.v1.PaymentService/*", PaymentPlaces),
		service("/dashboard.v1.InventoryService/*", InventoryPlaces),
	})
}
