package backend

import (
	"context"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/shop/backend/store"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// Recommendations returns the service that knows what users may want next.
func Recommendations(db *store.Store) Service {
	return func(r grpc.ServiceRegistrar) {
		shopv1.RegisterRecommendationsServiceServer(r, recommendations{db: db})
	}
}

type recommendations struct {
	shopv1.UnimplementedRecommendationsServiceServer

	db *store.Store
}

// ListRecommendations returns products for one user.
func (s recommendations) ListRecommendations(
	_ context.Context, req *shopv1.ListRecommendationsRequest,
) (*shopv1.ListRecommendationsResponse, error) {
	products, err := s.db.Recommendations(req.GetUserId())
	if err != nil {
		return nil, failure(err)
	}
	return &shopv1.ListRecommendationsResponse{Products: products}, nil
}

// History returns the service that keeps what users have looked at.
func History(db *store.Store) Service {
	return func(r grpc.ServiceRegistrar) { shopv1.RegisterHistoryServiceServer(r, history{db: db}) }
}

type history struct {
	shopv1.UnimplementedHistoryServiceServer

	db *store.Store
}

// ListViewed returns what one user looked at last.
func (s history) ListViewed(
	_ context.Context, req *shopv1.ListViewedRequest,
) (*shopv1.ListViewedResponse, error) {
	products, err := s.db.Viewed(req.GetUserId())
	if err != nil {
		return nil, failure(err)
	}
	return &shopv1.ListViewedResponse{Products: products}, nil
}
