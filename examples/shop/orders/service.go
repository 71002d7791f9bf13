package orders

import (
	"context"
	"log/slog"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// Service answers OrderService. It is safe for concurrent use.
type Service struct {
	shopv1.UnimplementedOrderServiceServer

	payments  shopv1.PaymentServiceClient
	inventory shopv1.InventoryServiceClient
	queue     *Queue
	log       *slog.Logger

	inHand sync.Map // ids of the orders that are being worked on
}

// New returns the service, which keeps in queue what it cannot do now. Somebody must
// call [Service.Run], or it is never done. What becomes of orders that wait is logged.
func New(payments, inventory grpc.ClientConnInterface, queue *Queue, log *slog.Logger) *Service {
	return &Service{
		payments:  shopv1.NewPaymentServiceClient(payments),
		inventory: shopv1.NewInventoryServiceClient(inventory),
		queue:     queue,
		log:       log,
	}
}

// PlaceOrder takes an order, or accepts one that has to wait. See the package comment.
func (s *Service) PlaceOrder(
	ctx context.Context, order *shopv1.PlaceOrderRequest,
) (*shopv1.PlaceOrderResponse, error) {
	if err := check(order); err != nil {
		return nil, err
	}
	giveBack, ok := s.take(order.GetOrderId())
	if !ok {
		return nil, status.Errorf(codes.Unavailable, "orders: %s is being worked on; place it again", order.GetOrderId())
	}
	defer giveBack()
	k, err := s.queue.find(order.GetOrderId())
	if err != nil {
		return nil, s.unkept(ctx, order, err)
	}
	if err := s.refuse(order, k); err != nil {
		return nil, err
	}
	o, err := s.settle(ctx, order, k)
	switch {
	case err != nil:
		return nil, s.unkept(ctx, order, err)
	case o.todo == toFulfil:
		return &shopv1.PlaceOrderResponse{}, degrade.Mark(ctx, "payment_id", degrade.Missing, degrade.ReasonOf(o.cause))
	case o.cause != nil:
		return nil, o.cause
	default:
		return &shopv1.PlaceOrderResponse{PaymentId: o.payment}, nil
	}
}

// refuse returns why an order may not be placed of which k is kept already, nil if it
// may.
func (s *Service) refuse(order *shopv1.PlaceOrderRequest, k *shopv1.KeptOrder) error {
	id := order.GetOrderId()
	switch {
	case k == nil && s.queue.full():
		return status.Errorf(codes.ResourceExhausted, "orders: %s is not taken: too many orders wait", id)
	case k == nil:
		return nil
	case !proto.Equal(k.GetOrder(), order):
		return status.Errorf(codes.AlreadyExists, "orders: %s was placed with other contents", id)
	case k.GetStep() != toFulfil:
		return status.Errorf(codes.FailedPrecondition, "orders: %s is not to be had, and its charge is given back", id)
	default:
		return nil
	}
}

// unkept returns the error of an order for which it could not be kept what there is to
// do. Whoever placed it finds out by placing it again.
func (s *Service) unkept(ctx context.Context, order *shopv1.PlaceOrderRequest, err error) error {
	s.log.ErrorContext(ctx, "an order could not be kept", slog.String("order", order.GetOrderId()), slog.Any("cause", err))
	return status.Errorf(codes.Unavailable, "orders: %s cannot be taken now; place it again later", order.GetOrderId())
}

// CheckStock asks the inventory.
func (s *Service) CheckStock(
	ctx context.Context, req *shopv1.CheckStockRequest,
) (*shopv1.CheckStockResponse, error) {
	got, err := s.inventory.GetStock(ctx, &shopv1.GetStockRequest{ProductId: req.GetProductId()})
	if err != nil {
		return nil, err
	}
	return &shopv1.CheckStockResponse{Pieces: got.GetPieces()}, nil
}

// take takes an order in hand, which nobody else may work on until it is given back. It
// fails if somebody does.
func (s *Service) take(id string) (giveBack func(), ok bool) {
	_, taken := s.inHand.LoadOrStore(id, struct{}{})
	return func() { s.inHand.Delete(id) }, !taken
}
