package orders

import "time"

// What the rules say of the calls to payments and inventory, for who counts on it. See
// rules.yaml.
const (
	// PaymentPlaces and InventoryPlaces are how many calls may be under way at once.
	PaymentPlaces   = 10
	InventoryPlaces = 20
	// OpenFor is how long a circuit stays open.
	OpenFor = 500 * time.Millisecond
)
