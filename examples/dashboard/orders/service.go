package orders

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// maxCents is the most that an order may cost.
const maxCents = 100_000_000

// Service answers OrderService. It is safe for concurrent use.
type Service struct {
	dashboardv1.UnimplementedOrderServiceServer

	payments  dashboardv1.PaymentServiceClient
	inventory dashboardv1.InventoryServiceClient
	queue     *Queue
}

// New returns the service, which keeps in queue what it cannot charge for now.
func New(payments, inventory grpc.ClientConnInterface, queue *Queue) *Service {
	return &Service{
		payments:  dashboardv1.NewPaymentServiceClient(payments),
		inventory: dashboardv1.NewInventoryServiceClient(inventory),
		queue:     queue,
	}
}

// PlaceOrder takes an order. Only an open circuit makes it wait: then nobody was
// asked for money. A payment that failed otherwise fails the call, because nobody
// knows what became of it; the caller may try again with the same order id.
func (s *Service) PlaceOrder(
	ctx context.Context, order *dashboardv1.PlaceOrderRequest,
) (*dashboardv1.PlaceOrderResponse, error) {
	if err := check(order); err != nil {
		return nil, err
	}
	payment, err := s.fulfil(ctx, order)
	if errors.Is(err, breaker.ErrOpen) {
		if err := s.queue.put(order); err != nil {
			return nil, status.Error(codes.Unavailable, err.Error())
		}
		err := degrade.Mark(ctx, "payment_id", degrade.Missing, degrade.ReasonCircuitOpen)
		return &dashboardv1.PlaceOrderResponse{}, err
	}
	if err != nil {
		return nil, err
	}
	return &dashboardv1.PlaceOrderResponse{PaymentId: payment}, nil
}

// fulfil charges and reserves, and refunds if the reservation failed. The error is
// breaker.ErrOpen only if nobody was charged.
func (s *Service) fulfil(ctx context.Context, order *dashboardv1.PlaceOrderRequest) (payment string, err error) {
	paid, err := s.payments.Charge(ctx, &dashboardv1.ChargeRequest{OrderId: order.GetOrderId(), Cents: order.GetCents()})
	if err != nil {
		return "", err
	}
	_, err = s.inventory.Reserve(ctx, &dashboardv1.ReserveRequest{OrderId: order.GetOrderId(), ProductId: order.GetProductId()})
	if err == nil {
		return paid.GetPaymentId(), nil
	}
	// Also if the caller has gone: the money has been taken.
	_, refused := s.payments.Refund(context.WithoutCancel(ctx), &dashboardv1.RefundRequest{OrderId: order.GetOrderId()})
	if refused != nil {
		return "", status.Errorf(codes.Internal, "orders: %s: not reserved (%v) and not refunded: %v", order.GetOrderId(), err, refused)
	}
	return "", status.Errorf(status.Code(err), "orders: not reserved, and refunded: %s", status.Convert(err).Message())
}

// Drain fulfils the orders that wait, until one finds the circuit open again, and
// returns how many it has. An order whose product is not to be had is refunded, and
// waits no more.
func (s *Service) Drain(ctx context.Context) (fulfilled int, err error) {
	orders, err := s.queue.Waiting()
	if err != nil {
		return 0, err
	}
	var faults []error
	for _, order := range orders {
		_, err := s.fulfil(ctx, order)
		switch status.Code(err) {
		case codes.OK:
			fulfilled++
		case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Canceled, codes.Internal, codes.Unknown:
			return fulfilled, errors.Join(append(faults, fmt.Errorf("orders: drain %s: %w", order.GetOrderId(), err))...)
		default: // an answer: it is not to be had
			faults = append(faults, err)
		}
		if err := s.queue.done(order.GetOrderId()); err != nil {
			return fulfilled, errors.Join(append(faults, err)...)
		}
	}
	return fulfilled, errors.Join(faults...)
}

// check refuses an order that is none.
func check(order *dashboardv1.PlaceOrderRequest) error {
	switch {
	case order.GetOrderId() == "":
		return status.Error(codes.InvalidArgument, `orders: order_id = ""; must be unique`)
	case order.GetProductId() == "":
		return status.Error(codes.InvalidArgument, `orders: product_id = ""; must be the id of a product`)
	case order.GetCents() < 1 || order.GetCents() > maxCents:
		return status.Errorf(codes.InvalidArgument, "orders: cents = %d; must be in [1, %d]", order.GetCents(), maxCents)
	default:
		return nil
	}
}
