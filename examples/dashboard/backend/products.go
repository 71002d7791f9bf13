package backend

import (
	"context"

	"google.golang.org/grpc"

	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/examples/dashboard/store"
)

// Recommendations is the service that knows what users may want next.
func Recommendations(db *store.Store) Service {
	return func(r grpc.ServiceRegistrar) {
		dashboardv1.RegisterRecommendationsServiceServer(r, recommendations{db: db})
	}
}

type recommendations struct {
	dashboardv1.UnimplementedRecommendationsServiceServer

	db *store.Store
}

// ListRecommendations returns products for one user.
func (s recommendations) ListRecommendations(
	_ context.Context, req *dashboardv1.ListRecommendationsRequest,
) (*dashboardv1.ListRecommendationsResponse, error) {
	products, err := s.db.Recommendations(req.GetUserId())
	if err != nil {
		return nil, failure(err)
	}
	return &dashboardv1.ListRecommendationsResponse{Products: products}, nil
}

// History is the service that keeps what users have looked at.
func History(db *store.Store) Service {
	return func(r grpc.ServiceRegistrar) { dashboardv1.RegisterHistoryServiceServer(r, history{db: db}) }
}

type history struct {
	dashboardv1.UnimplementedHistoryServiceServer

	db *store.Store
}

// ListViewed returns what one user looked at last.
func (s history) ListViewed(
	_ context.Context, req *dashboardv1.ListViewedRequest,
) (*dashboardv1.ListViewedResponse, error) {
	products, err := s.db.Viewed(req.GetUserId())
	if err != nil {
		return nil, failure(err)
	}
	return &dashboardv1.ListViewedResponse{Products: products}, nil
}
