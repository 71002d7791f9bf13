package backend

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/dashboard/database"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/examples/dashboard/store"
)

// services says how each service is added to a server.
func services() map[string]func(grpc.ServiceRegistrar, *store.Store) {
	return map[string]func(grpc.ServiceRegistrar, *store.Store){
		"users": func(r grpc.ServiceRegistrar, db *store.Store) {
			dashboardv1.RegisterUserServiceServer(r, users{db: db})
		},
		"metrics": func(r grpc.ServiceRegistrar, db *store.Store) {
			dashboardv1.RegisterMetricsServiceServer(r, metrics{db: db})
		},
		"alerts": func(r grpc.ServiceRegistrar, db *store.Store) {
			dashboardv1.RegisterAlertsServiceServer(r, alerts{db: db})
		},
		"activity": func(r grpc.ServiceRegistrar, db *store.Store) {
			dashboardv1.RegisterActivityServiceServer(r, activity{db: db})
		},
		"recommendations": func(r grpc.ServiceRegistrar, db *store.Store) {
			dashboardv1.RegisterRecommendationsServiceServer(r, recommendations{db: db})
		},
	}
}

// failure is the status of a failed read. An error of the store names files and
// keys, which are not a client's business.
func failure(err error) error {
	if errors.Is(err, database.ErrNotFound) {
		return status.Error(codes.NotFound, "no such user")
	}
	return status.Error(codes.Internal, "the data could not be read")
}

type users struct {
	dashboardv1.UnimplementedUserServiceServer

	db *store.Store
}

// GetUser returns one user.
func (s users) GetUser(_ context.Context, req *dashboardv1.GetUserRequest) (*dashboardv1.GetUserResponse, error) {
	user, err := s.db.User(req.GetUserId())
	if err != nil {
		return nil, failure(err)
	}
	return &dashboardv1.GetUserResponse{User: user}, nil
}

type metrics struct {
	dashboardv1.UnimplementedMetricsServiceServer

	db *store.Store
}

// ListSeries returns the series of one user.
func (s metrics) ListSeries(
	_ context.Context, req *dashboardv1.ListSeriesRequest,
) (*dashboardv1.ListSeriesResponse, error) {
	series, err := s.db.Series(req.GetUserId())
	if err != nil {
		return nil, failure(err)
	}
	return &dashboardv1.ListSeriesResponse{Series: series}, nil
}

type alerts struct {
	dashboardv1.UnimplementedAlertsServiceServer

	db *store.Store
}

// ListAlerts returns the open alerts of one user.
func (s alerts) ListAlerts(
	_ context.Context, req *dashboardv1.ListAlertsRequest,
) (*dashboardv1.ListAlertsResponse, error) {
	open, err := s.db.Alerts(req.GetUserId())
	if err != nil {
		return nil, failure(err)
	}
	return &dashboardv1.ListAlertsResponse{Alerts: open}, nil
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

type activity struct {
	dashboardv1.UnimplementedActivityServiceServer

	db *store.Store
}

// Bounds of TailActivityRequest.limit.
const defaultLimit, maxLimit = 10, 100

// TailActivity streams the last entries of one user.
func (s activity) TailActivity(
	req *dashboardv1.TailActivityRequest, stream grpc.ServerStreamingServer[dashboardv1.TailActivityResponse],
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
		if err := stream.Send(&dashboardv1.TailActivityResponse{Entry: e}); err != nil {
			return err
		}
	}
	return nil
}
