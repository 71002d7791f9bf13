package orders

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// What there is to do for an order.
const (
	nothing   = shopv1.Step_STEP_UNSPECIFIED
	toFulfil  = shopv1.Step_STEP_FULFIL
	toRefund  = shopv1.Step_STEP_REFUND
	toUndo    = shopv1.Step_STEP_UNDO
	toRelease = shopv1.Step_STEP_RELEASE
)

// giveBackTime is how long giving back may take, whoever still waits for it.
const giveBackTime = 3 * time.Second

// outcome is what came of an order so far.
type outcome struct {
	// payment is set if the order is fulfilled.
	payment string
	// todo is what there is still to do.
	todo shopv1.Step
	// cause is why it is not fulfilled.
	cause error
}

// settler takes orders as far as they go.
type settler struct {
	payments  shopv1.PaymentServiceClient
	inventory shopv1.InventoryServiceClient
	queue     *Queue
}

// settle takes an order, of which k is kept, as far as it goes. It fails if it could not
// be kept what there is to do: then nobody knows.
//
// What is to be given back is kept before it is: it is given back to the end, whatever
// becomes of this process meanwhile, and nobody is told anything else of the order.
func (s settler) settle(
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

// fulfil charges for an order and reserves its product.
//
// An order that is not accepted yet is not to be had if the reservation fails in any
// way: its caller hears of it now. One that is has to wait for a clear answer.
func (s settler) fulfil(ctx context.Context, order *shopv1.PlaceOrderRequest, accepted bool) outcome {
	paid, err := s.payments.Charge(ctx, &shopv1.ChargeRequest{
		OrderId: order.GetOrderId(), ProductId: order.GetProductId(), Cents: order.GetCents(),
	})
	switch {
	case err == nil:
	case isAnswer(err), shed(err) && !accepted:
		return outcome{cause: err}
	default:
		return outcome{todo: toFulfil, cause: err}
	}
	_, err = s.inventory.Reserve(ctx, &shopv1.ReserveRequest{OrderId: order.GetOrderId(), ProductId: order.GetProductId()})
	switch {
	case err == nil:
		return outcome{payment: paid.GetPaymentId()}
	case isAnswer(err): // nothing is kept for it
		return outcome{todo: toRefund, cause: notReserved(order, status.Code(err), err)}
	case accepted:
		return outcome{todo: toFulfil, cause: err}
	default: // also if nobody was asked: the order may have been placed before
		return outcome{todo: toUndo, cause: notReserved(order, codes.Aborted, err)}
	}
}

// giveBack gives back what was taken for an order, or what is kept for it. It does so
// also if the caller has gone.
func (s settler) giveBack(ctx context.Context, order *shopv1.PlaceOrderRequest, step shopv1.Step) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackTime)
	defer cancel()
	if step == toRelease {
		_, err = s.inventory.Release(ctx, &shopv1.ReleaseRequest{OrderId: order.GetOrderId()})
		return err
	}
	_, err = s.payments.Refund(ctx, &shopv1.RefundRequest{OrderId: order.GetOrderId()})
	return err
}

// after returns what there is to do after a step of giving back.
func after(step shopv1.Step) shopv1.Step {
	if step == toUndo {
		return toRelease
	}
	return nothing
}

// notReserved returns what a caller hears of an order that is not to be had. Its code
// says that placing it again is of no use.
func notReserved(order *shopv1.PlaceOrderRequest, code codes.Code, err error) error {
	return status.Errorf(code, "orders: %s is not reserved, and its charge is given back: %s",
		order.GetOrderId(), status.Convert(err).Message())
}

// isAnswer reports whether an error is a clear answer: the order is not to be had.
// After any other, nobody knows what has been done.
func isAnswer(err error) bool {
	switch status.Code(err) {
	case codes.FailedPrecondition, codes.NotFound, codes.AlreadyExists, codes.InvalidArgument,
		codes.OutOfRange, codes.PermissionDenied:
		return true
	default:
		return false
	}
}

// shed reports whether an error is our own guard's, for want of room and not of
// payments: nobody was asked, and the caller may come again.
func shed(err error) bool { return policy.IsRejection(err) && !errors.Is(err, breaker.ErrOpen) }
