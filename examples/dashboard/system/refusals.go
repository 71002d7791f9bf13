package system

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/afloat-go/afloat/examples/dashboard/orders"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// refusals counts the calls that found a compartment full, by service. It is an
// observer of rules, and what metrics would be made of.
type refusals struct {
	policy.NopObserver

	mu    sync.Mutex
	calls map[string]int
}

// Rejected hears of a call that a policy refused.
func (r *refusals) Rejected(_ context.Context, call policy.Call, err error) {
	if !errors.Is(err, bulkhead.ErrFull) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls == nil {
		r.calls = map[string]int{}
	}
	r.calls[serviceOf(call.Method)]++
}

// of is how many calls to a service were refused.
func (r *refusals) of(service string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls[service]
}

// serviceOf is what the service of a method is called here. There are two.
func serviceOf(method string) string {
	if strings.HasPrefix(method, "/dashboard.v1.PaymentService/") {
		return orders.Payments
	}
	return orders.Inventory
}
