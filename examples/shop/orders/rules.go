package orders

import (
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
)

// What the rules say of the calls to payments and inventory, for who counts on it. See
// rules.yaml.
const (
	// PaymentPlaces and InventoryPlaces are how many calls may be under way at once.
	PaymentPlaces   = 10
	InventoryPlaces = 20
	// OpenFor is the longest time that an open circuit waits for its next probe.
	OpenFor = 500 * time.Millisecond
)

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
