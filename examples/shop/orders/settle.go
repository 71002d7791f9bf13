package orders

import (
	"context"
	"time"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// giveBackTime is how long giving back may take, whoever still waits for it.
const giveBackTime = 3 * time.Second

// settle takes an order, of which k is kept, as far as it goes. It fails if it could not
// be kept what there is to do: then nobody knows.
//
// What is to be given back is kept before it is: it is given back to the end, whatever
// becomes of this process meanwhile, and nobody is told anything else of the order.
func (s *Service) settle(
	ctx context.Context, order *shopv1.PlaceOrderRequest, k *shopv1.KeptOrder,
) (o outcome, err error) {
	if o.todo = k.GetStep(); o.todo == nothing || o.todo == toFulfil {
		o = s.fulfil(ctx, order, k != nil)
		k, err = s.queue.note(order, k, o.todo)
		// What is done and cannot be struck out is done again, which changes nothing.
		if err != nil && o.todo != nothing {
			return o, err
		}
	}
	for o.todo == toRefund || o.todo == toUndo || o.todo == toRelease {
		if err := s.giveBack(ctx, order, o.todo); err != nil {
			if o.cause == nil {
				o.cause = err
			}
			return o, nil
		}
		o.todo = after(o.todo)
		if k, err = s.queue.note(order, k, o.todo); err != nil {
			return o, nil //nolint:nilerr // as above
		}
	}
	return o, nil
}

// after returns what there is to do after a step of giving back.
func after(step shopv1.Step) shopv1.Step {
	if step == toUndo {
		return toRelease
	}
	return nothing
}

// giveBack gives back what was taken for an order, or what is kept for it. It does so
// also if the caller has gone.
func (s *Service) giveBack(ctx context.Context, order *shopv1.PlaceOrderRequest, step shopv1.Step) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackTime)
	defer cancel()
	if step == toRelease {
		_, err = s.inventory.Release(ctx, &shopv1.ReleaseRequest{OrderId: order.GetOrderId()})
		return err
	}
	_, err = s.payments.Refund(ctx, &shopv1.RefundRequest{OrderId: order.GetOrderId()})
	return err
}
