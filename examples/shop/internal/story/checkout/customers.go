package checkout

import (
	"context"
	"time"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// patience is how long a customer waits for an answer.
const patience = 3 * time.Second

// maxInFlight bounds the orders under way: patience at the highest rate.
const maxInFlight = 600

// stockRate is how many questions for the stock are asked per second.
const stockRate = 50

// order is one that was placed.
type order struct {
	id, product string
	cents       int64
	fate        fate
}

// customers place orders, and ask for the stock.
type customers struct {
	system   *system.System
	products []*shopv1.Product // those that are not rare
}

// place places an order.
func (c *customers) place(ctx context.Context, o *order) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var a answer
	got, err := c.system.Orders().Client().PlaceOrder(ctx, &shopv1.PlaceOrderRequest{
		OrderId: o.id, ProductId: o.product, Cents: o.cents,
	}, degrade.Capture(&a.report))
	a.payment = got.GetPaymentId()
	return a, err
}

// checkStock asks how many pieces there are of a product, for the n-th time.
func (c *customers) checkStock(ctx context.Context, n int) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, err := c.system.Orders().Client().CheckStock(ctx, &shopv1.CheckStockRequest{
		ProductId: c.products[n%len(c.products)].GetId(),
	})
	return got.GetPieces(), err
}
