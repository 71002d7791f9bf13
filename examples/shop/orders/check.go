package orders

import (
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// Bounds of an order.
const (
	maxIDBytes = 64
	maxCents   = 100_000_000
)

// check refuses an order that is none, and says all that is wrong with it.
func check(order *shopv1.PlaceOrderRequest) error {
	var faults []string
	for _, id := range []struct{ field, value string }{
		{"order_id", order.GetOrderId()},
		{"product_id", order.GetProductId()},
	} {
		if n := len(id.value); n < 1 || n > maxIDBytes {
			faults = append(faults, fmt.Sprintf("%s = %.80q; must have 1 to %d bytes", id.field, id.value, maxIDBytes))
		}
	}
	if c := order.GetCents(); c < 1 || c > maxCents {
		faults = append(faults, fmt.Sprintf("cents = %d; must be in [1, %d]", c, maxCents))
	}
	if len(faults) == 0 {
		return nil
	}
	return status.Error(codes.InvalidArgument, "orders: "+strings.Join(faults, "; "))
}
