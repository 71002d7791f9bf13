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
