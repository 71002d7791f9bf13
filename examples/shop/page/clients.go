package page

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// EntriesShown is how much of a user's activity a page has.
const EntriesShown = 10

// fromUsers asks for the user. The answer's user becomes the page's, so what the
// answer is said to be, an old copy say, the page's user is.
func fromUsers(cc grpc.ClientConnInterface) func(context.Context, *request) (*shopv1.User, error) {
	c := shopv1.NewUserServiceClient(cc)
	return func(ctx context.Context, req *request) (*shopv1.User, error) {
		got, err := c.GetUser(degrade.Under(ctx, ""), &shopv1.GetUserRequest{UserId: req.GetUserId()})
		return got.GetUser(), err
	}
}

// fromActivity reads a stream to its end. A stream that breaks off is no
// answer: the page shows all of the part or none of it.
func fromActivity(cc grpc.ClientConnInterface) func(context.Context, *request) ([]*shopv1.Entry, error) {
	c := shopv1.NewActivityServiceClient(cc)
	return func(ctx context.Context, req *request) ([]*shopv1.Entry, error) {
		stream, err := c.TailActivity(ctx, &shopv1.TailActivityRequest{UserId: req.GetUserId(), Limit: EntriesShown})
		if err != nil {
			return nil, err
		}
		var entries []*shopv1.Entry
		for {
			got, err := stream.Recv()
			switch {
			case errors.Is(err, io.EOF):
				return entries, nil
			case err != nil:
				return nil, err
			}
			entries = append(entries, got.GetEntry())
		}
	}
}

// seriesOf makes the request for what the user watches.
func seriesOf(req *request) *shopv1.ListSeriesRequest {
	return &shopv1.ListSeriesRequest{UserId: req.GetUserId()}
}

// alertsOf makes the request for the user's alerts.
func alertsOf(req *request) *shopv1.ListAlertsRequest {
	return &shopv1.ListAlertsRequest{UserId: req.GetUserId()}
}

// personal asks for products for the user.
func personal(cc grpc.ClientConnInterface) func(context.Context, *request) ([]*shopv1.Product, error) {
	c := shopv1.NewRecommendationsServiceClient(cc)
	return func(ctx context.Context, req *request) ([]*shopv1.Product, error) {
		got, err := c.ListRecommendations(ctx, &shopv1.ListRecommendationsRequest{UserId: req.GetUserId()})
		return got.GetProducts(), err
	}
}

// errNothingViewed: the user is new, and there is nothing to show in place of
// recommendations.
var errNothingViewed = status.Error(codes.NotFound, "page: the user has looked at nothing yet")

// viewed asks for what the user has looked at. That there is nothing is an error
// here, so that what comes next is tried.
func viewed(cc grpc.ClientConnInterface) func(context.Context, *request) ([]*shopv1.Product, error) {
	c := shopv1.NewHistoryServiceClient(cc)
	return func(ctx context.Context, req *request) ([]*shopv1.Product, error) {
		got, err := c.ListViewed(ctx, &shopv1.ListViewedRequest{UserId: req.GetUserId()})
		if err == nil && len(got.GetProducts()) == 0 {
			err = errNothingViewed
		}
		return got.GetProducts(), err
	}
}
