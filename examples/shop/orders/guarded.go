package orders

import "github.com/afloat-go/afloat/examples/shop/guards"

// The services that orders are made of.
const (
	Payments  = "payments"
	Inventory = "inventory"
)

// Guarded returns the services that are called under rules, payments first.
func Guarded() []guards.Service {
	return []guards.Service{
		{Name: Payments, Methods: "/shop.v1.PaymentService/"},
		{Name: Inventory, Methods: "/shop.v1.InventoryService/"},
	}
}
