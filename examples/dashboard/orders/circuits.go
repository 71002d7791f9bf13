package orders

import (
	"github.com/afloat-go/afloat/examples/dashboard/circuits"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// The services that orders are made of.
const (
	Payments  = "payments"
	Inventory = "inventory"
)

// Circuits returns the circuits that rules hold, that of payments first. There are none
// before the first call, and none in nil rules.
func Circuits(rules *policy.Rules) []circuits.Circuit {
	return circuits.Of(rules, []circuits.Service{
		{Name: Payments, Methods: "/dashboard.v1.PaymentService/"},
		{Name: Inventory, Methods: "/dashboard.v1.InventoryService/"},
	})
}
