package backend

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/backend/store"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// Activity returns the service that keeps what users did.
func Activity(db *store.Store) Service {
	return func(r grpc.ServiceRegistrar) { shopv1.RegisterActivityServiceServer(r, activity{db: db}) }
}

type activity struct {
	shopv1.UnimplementedActivityServiceServer

	db *store.Store
}

// Bounds of TailActivityRequest.limit.
const defaultLimit, maxLimit = 10, 100

// TailActivity streams the last entries of one user.
func (s activity) TailActivity(
	req *shopv1.TailActivityRequest, stream grpc.ServerStreamingServer[shopv1.TailActivityResponse],
) error {
	limit := int(req.GetLimit())
	if limit == 0 {
		limit = defaultLimit
	}
	if limit < 1 || limit > maxLimit {
		return status.Errorf(codes.InvalidArgument, "limit = %d; must be in [1, %d]", limit, maxLimit)
	}
	entries, err := s.db.Activity(req.GetUserId(), limit)
	if err != nil {
		return failure(err)
	}
	for _, e := range entries {
		if err := stream.Send(&shopv1.TailActivityResponse{Entry: e}); err != nil {
			return err
		}
	}
	return nil
}
