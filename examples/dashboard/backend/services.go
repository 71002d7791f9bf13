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

// failure is the status of data that could not be had. An error of a store names files and
// keys, which are not a client's business.
func failure(err error) error {
	if errors.Is(err, database.ErrNotFound) {
		return status.Error(codes.NotFound, "no such user")
	}
	return status.Error(codes.Internal, "the data could not be read or written")
}

// Users is the service that knows who the users are.
func Users(db *store.Store) Service {
	return func(r grpc.ServiceRegistrar) { dashboardv1.RegisterUserServiceServer(r, users{db: db}) }
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

// Metrics is the service that keeps what users watch.
func Metrics(db *store.Store) Service {
	return func(r grpc.ServiceRegistrar) { dashboardv1.RegisterMetricsServiceServer(r, metrics{db: db}) }
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

// Alerts is the service that knows what is wrong.
func Alerts(db *store.Store) Service {
	return func(r grpc.ServiceRegistrar) { dashboardv1.RegisterAlertsServiceServer(r, alerts{db: db}) }
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

// Activity is the service that keeps what users did.
func Activity(db *store.Store) Service {
	return func(r grpc.ServiceRegistrar) { dashboardv1.RegisterActivityServiceServer(r, activity{db: db}) }
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
