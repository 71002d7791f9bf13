package checkout

import (
	"context"
	"time"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// patience is how long a customer waits for an answer.
const patience = 3 * time.Second

// maxInFlight bounds the orders under way: patience at the highest rate.
const maxInFlight = 600

// stockRate is how many questions for the stock are asked per second.
const stockRate = 50

// place places an order.
func (p *player) place(ctx context.Context, o *order) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var a answer
	got, err := p.system.Orders().Client().PlaceOrder(ctx, &shopv1.PlaceOrderRequest{
		OrderId: o.id, ProductId: o.product, Cents: o.cents,
	}, degrade.Capture(&a.report))
	a.payment = got.GetPaymentId()
	return a, err
}

// checkStock asks how many pieces there are of a product, for the n-th time.
func (p *player) checkStock(ctx context.Context, n int) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, err := p.system.Orders().Client().CheckStock(ctx, &shopv1.CheckStockRequest{
		ProductId: p.products[n%len(p.products)].GetId(),
	})
	return got.GetPieces(), err
}
