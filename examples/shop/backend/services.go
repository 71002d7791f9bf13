package backend

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/backend/store"
	"github.com/afloat-go/afloat/examples/shop/database"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// failure returns the status of data that could not be had. An error of a store names
// files and keys, which are not a client's business.
func failure(err error) error {
	if errors.Is(err, database.ErrNotFound) {
		return status.Error(codes.NotFound, "no such user")
	}
	return status.Error(codes.Internal, "the data could not be read or written")
}

// Users returns the service that knows who the users are.
func Users(db *store.Store) Service {
	return func(r grpc.ServiceRegistrar) { shopv1.RegisterUserServiceServer(r, users{db: db}) }
}

type users struct {
	shopv1.UnimplementedUserServiceServer

	db *store.Store
}

// GetUser returns one user.
func (s users) GetUser(_ context.Context, req *shopv1.GetUserRequest) (*shopv1.GetUserResponse, error) {
	user, err := s.db.User(req.GetUserId())
	if err != nil {
		return nil, failure(err)
	}
	return &shopv1.GetUserResponse{User: user}, nil
}

// Metrics returns the service that keeps what users watch.
func Metrics(db *store.Store) Service {
	return func(r grpc.ServiceRegistrar) { shopv1.RegisterMetricsServiceServer(r, metrics{db: db}) }
}

type metrics struct {
	shopv1.UnimplementedMetricsServiceServer

	db *store.Store
}

// ListSeries returns the series of one user.
func (s metrics) ListSeries(
	_ context.Context, req *shopv1.ListSeriesRequest,
) (*shopv1.ListSeriesResponse, error) {
	series, err := s.db.Series(req.GetUserId())
	if err != nil {
		return nil, failure(err)
	}
	return &shopv1.ListSeriesResponse{Series: series}, nil
}

// Alerts returns the service that knows what is wrong.
func Alerts(db *store.Store) Service {
	return func(r grpc.ServiceRegistrar) { shopv1.RegisterAlertsServiceServer(r, alerts{db: db}) }
}

type alerts struct {
	shopv1.UnimplementedAlertsServiceServer

	db *store.Store
}

// ListAlerts returns the open alerts of one user.
func (s alerts) ListAlerts(
	_ context.Context, req *shopv1.ListAlertsRequest,
) (*shopv1.ListAlertsResponse, error) {
	open, err := s.db.Alerts(req.GetUserId())
	if err != nil {
		return nil, failure(err)
	}
	return &shopv1.ListAlertsResponse{Alerts: open}, nil
}
