package orders

import (
	"context"
	"errors"

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

// outcome is what came of an order so far.
type outcome struct {
	// payment is set if the order is fulfilled.
	payment string
	// todo is what there is still to do.
	todo shopv1.Step
	// cause is why it is not fulfilled.
	cause error
}

// fulfil charges for an order and reserves its product.
//
// An order that is not accepted yet is not to be had if the reservation fails in any
// way: its caller hears of it now. One that is has to wait for a clear answer.
func (s *Service) fulfil(ctx context.Context, order *shopv1.PlaceOrderRequest, accepted bool) outcome {
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
