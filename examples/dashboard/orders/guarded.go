package orders

import "github.com/afloat-go/afloat/examples/dashboard/guards"

// The services that orders are made of.
const (
	Payments  = "payments"
	Inventory = "inventory"
)

// Guarded returns the services that are called under rules, payments first.
func Guarded() []guards.Service {
	return []guards.Service{
		{Name: Payments, Methods: "/dashboard.v1.PaymentService/"},
		{Name: Inventory, Methods: "/dashboard.v1.InventoryService/"},
	}
}
