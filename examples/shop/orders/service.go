package orders

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Service answers OrderService. It is safe for concurrent use.
type Service struct {
	shopv1.UnimplementedOrderServiceServer

	settler settler
	queue   *Queue
	log     *slog.Logger

	inHand sync.Map // ids of the orders that are being worked on
}

// New returns the service, which keeps in queue what it cannot do now. Somebody must
// call [Service.Run], or it is never done. What becomes of orders that wait is logged.
func New(payments, inventory grpc.ClientConnInterface, queue *Queue, log *slog.Logger) *Service {
	return &Service{
		settler: settler{
			payments:  shopv1.NewPaymentServiceClient(payments),
			inventory: shopv1.NewInventoryServiceClient(inventory),
			queue:     queue,
		},
		queue: queue,
		log:   log,
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
	o, err := s.settler.settle(ctx, order, k)
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
	got, err := s.settler.inventory.GetStock(ctx, &shopv1.GetStockRequest{ProductId: req.GetProductId()})
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

// DrainEvery is how often the orders that wait are looked after. One that is tried
// while the circuit is open costs nothing, and once its time is over is the probe that
// closes it.
const DrainEvery = 250 * time.Millisecond

// Run looks after the orders that wait until ctx ends, and returns once it has put
// down what it had in hand. There must be one of it at a time for a queue.
func (s *Service) Run(ctx context.Context) {
	ticker := time.NewTicker(DrainEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		done, err := s.Drain(ctx)
		if done > 0 {
			s.log.InfoContext(ctx, "orders that waited are settled", slog.Int("orders", done))
		}
		if err != nil {
			s.log.DebugContext(ctx, "orders still wait", slog.Any("cause", err))
		}
	}
}

// Drain does what there is to do for the orders that wait, one by one, so that what has
// just recovered is not flooded: first what is owed, then what was accepted, the oldest
// first. It returns for how many there is nothing left to do, and why there still is
// for others.
func (s *Service) Drain(ctx context.Context) (done int, err error) {
	waiting, err := s.queue.Kept()
	if err != nil {
		return 0, err
	}
	var faults []error
	for _, steps := range [][]shopv1.Step{{toRefund, toUndo}, {toRelease}, {toFulfil}} {
		n, err := s.drain(ctx, steps, waiting)
		done, faults = done+n, append(faults, err)
	}
	return done, errors.Join(faults...)
}

// drain takes the given steps. It passes over an order that fails, and stops at a
// refusal by the guard: what refuses one refuses the next.
func (s *Service) drain(ctx context.Context, steps []shopv1.Step, waiting []*shopv1.KeptOrder) (done int, err error) {
	var faults []error
	for _, k := range waiting {
		if !slices.Contains(steps, k.GetStep()) {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		todo, err := s.resume(ctx, k)
		if err != nil {
			faults = append(faults, fmt.Errorf("orders: %s: %w", k.GetOrder().GetOrderId(), err))
		}
		if todo == nothing {
			done++
		}
		if todo == k.GetStep() && policy.IsRejection(err) {
			break
		}
	}
	return done, errors.Join(faults...)
}

// resume takes an order that waited as in seen as far as it goes, and says what there is
// still to do and why. It leaves alone what somebody else is at, or was.
func (s *Service) resume(ctx context.Context, seen *shopv1.KeptOrder) (todo shopv1.Step, cause error) {
	order := seen.GetOrder()
	giveBack, ok := s.take(order.GetOrderId())
	if !ok {
		return seen.GetStep(), nil
	}
	defer giveBack()
	k, err := s.queue.find(order.GetOrderId())
	if err != nil || k.GetStep() != seen.GetStep() {
		return seen.GetStep(), err
	}
	o, err := s.settler.settle(ctx, order, k)
	if err != nil {
		return k.GetStep(), err
	}
	if k.GetStep() == toFulfil && o.todo != toFulfil && o.cause != nil {
		s.log.WarnContext(ctx, "an order that waited is not to be had", slog.String("order", order.GetOrderId()), slog.Any("cause", o.cause))
	}
	return o.todo, o.cause
}
