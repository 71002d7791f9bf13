package backend

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/backend/ledger"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// Payments returns the service that takes money for orders and gives it back.
func Payments(account *ledger.Ledger) Service {
	return func(r grpc.ServiceRegistrar) {
		shopv1.RegisterPaymentServiceServer(r, payments{account: account})
	}
}

type payments struct {
	shopv1.UnimplementedPaymentServiceServer

	account *ledger.Ledger
}

// Charge takes the money for an order.
func (s payments) Charge(_ context.Context, req *shopv1.ChargeRequest) (*shopv1.ChargeResponse, error) {
	switch {
	case req.GetOrderId() == "" || req.GetProductId() == "":
		return nil, status.Errorf(codes.InvalidArgument, "payments: order_id = %q, product_id = %q; must be set",
			req.GetOrderId(), req.GetProductId())
	case req.GetCents() < 1:
		return nil, status.Errorf(codes.InvalidArgument, "payments: cents = %d; must be at least 1", req.GetCents())
	}
	id, err := s.account.Charge(req.GetOrderId(), req.GetProductId(), req.GetCents())
	switch {
	case errors.Is(err, ledger.ErrDiffers):
		return nil, status.Error(codes.AlreadyExists, "payments: the order was charged for something else")
	case errors.Is(err, ledger.ErrRefunded):
		return nil, status.Error(codes.FailedPrecondition, "payments: the order was refunded")
	case err != nil:
		return nil, failure(err)
	}
	return &shopv1.ChargeResponse{PaymentId: id}, nil
}

// Refund gives back what was taken for an order.
func (s payments) Refund(_ context.Context, req *shopv1.RefundRequest) (*shopv1.RefundResponse, error) {
	if req.GetOrderId() == "" {
		return nil, status.Error(codes.InvalidArgument, `payments: order_id = ""; must be set`)
	}
	if err := s.account.Refund(req.GetOrderId()); err != nil {
		return nil, failure(err)
	}
	return &shopv1.RefundResponse{}, nil
}
