package dashboard

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// entriesShown is how much of a user's activity a page has.
const entriesShown = 10

// fromUsers asks for the user. The answer's user becomes the page's, so what the
// answer is said to be, an old copy say, the page's user is.
func fromUsers(cc grpc.ClientConnInterface) func(context.Context, *request) (*dashboardv1.User, error) {
	c := dashboardv1.NewUserServiceClient(cc)
	return func(ctx context.Context, req *request) (*dashboardv1.User, error) {
		got, err := c.GetUser(degrade.Under(ctx, ""), &dashboardv1.GetUserRequest{UserId: req.GetUserId()})
		return got.GetUser(), err
	}
}

// fromActivity reads a stream to its end. A stream that breaks off is no
// answer: the page shows all of the part or none of it.
func fromActivity(cc grpc.ClientConnInterface) func(context.Context, *request) ([]*dashboardv1.Entry, error) {
	c := dashboardv1.NewActivityServiceClient(cc)
	return func(ctx context.Context, req *request) ([]*dashboardv1.Entry, error) {
		stream, err := c.TailActivity(ctx, &dashboardv1.TailActivityRequest{UserId: req.GetUserId(), Limit: entriesShown})
		if err != nil {
			return nil, err
		}
		var entries []*dashboardv1.Entry
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

func seriesOf(req *request) *dashboardv1.ListSeriesRequest {
	return &dashboardv1.ListSeriesRequest{UserId: req.GetUserId()}
}

func alertsOf(req *request) *dashboardv1.ListAlertsRequest {
	return &dashboardv1.ListAlertsRequest{UserId: req.GetUserId()}
}

func productsOf(req *request) *dashboardv1.ListRecommendationsRequest {
	return &dashboardv1.ListRecommendationsRequest{UserId: req.GetUserId()}
}
