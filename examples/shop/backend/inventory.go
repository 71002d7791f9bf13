package backend

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/backend/stock"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// Inventory returns the service that keeps products apart for orders.
func Inventory(room *stock.Stock) Service {
	return func(r grpc.ServiceRegistrar) {
		shopv1.RegisterInventoryServiceServer(r, inventory{room: room})
	}
}

type inventory struct {
	shopv1.UnimplementedInventoryServiceServer

	room *stock.Stock
}

// Reserve keeps a piece of a product apart.
func (s inventory) Reserve(_ context.Context, req *shopv1.ReserveRequest) (*shopv1.ReserveResponse, error) {
	if req.GetOrderId() == "" || req.GetProductId() == "" {
		return nil, status.Errorf(codes.InvalidArgument, "inventory: order_id = %q, product_id = %q; must be set",
			req.GetOrderId(), req.GetProductId())
	}
	if err := s.room.Reserve(req.GetOrderId(), req.GetProductId()); err != nil {
		return nil, refusal(err)
	}
	return &shopv1.ReserveResponse{}, nil
}

// Release puts back what is kept for an order.
func (s inventory) Release(_ context.Context, req *shopv1.ReleaseRequest) (*shopv1.ReleaseResponse, error) {
	if req.GetOrderId() == "" {
		return nil, status.Error(codes.InvalidArgument, `inventory: order_id = ""; must be set`)
	}
	if err := s.room.Release(req.GetOrderId()); err != nil {
		return nil, refusal(err)
	}
	return &shopv1.ReleaseResponse{}, nil
}

// GetStock returns how much is left of a product.
func (s inventory) GetStock(_ context.Context, req *shopv1.GetStockRequest) (*shopv1.GetStockResponse, error) {
	pieces, err := s.room.Left(req.GetProductId())
	if err != nil {
		return nil, refusal(err)
	}
	return &shopv1.GetStockResponse{Pieces: pieces}, nil
}

// refusal returns the status of what the store room does not do.
func refusal(err error) error {
	switch {
	case errors.Is(err, stock.ErrNoProduct):
		return status.Error(codes.NotFound, "inventory: no such product")
	case errors.Is(err, stock.ErrSoldOut):
		return status.Error(codes.FailedPrecondition, "inventory: sold out")
	case errors.Is(err, stock.ErrReleased):
		return status.Error(codes.FailedPrecondition, "inventory: the order was released")
	case errors.Is(err, stock.ErrDiffers):
		return status.Error(codes.AlreadyExists, "inventory: another product is kept for the order")
	default:
		return failure(err)
	}
}
