package page_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/afloattest"
)

// script says what is done with the calls of services. Those that it does not name
// answer at once.
type script map[string]afloattest.Act

// methods are what is called of each service.
var methods = map[string]string{
	page.Users:           shopv1.UserService_GetUser_FullMethodName,
	page.Metrics:         shopv1.MetricsService_ListSeries_FullMethodName,
	page.Alerts:          shopv1.AlertsService_ListAlerts_FullMethodName,
	page.Activity:        shopv1.ActivityService_TailActivity_FullMethodName,
	page.Recommendations: shopv1.RecommendationsService_ListRecommendations_FullMethodName,
	page.History:         shopv1.HistoryService_ListViewed_FullMethodName,
}

// scripted makes backends that do what is said. A stream sends its first message before.
func (s script) scripted(t *testing.T) *afloattest.Script {
	t.Helper()
	made := afloattest.NewScript(t)
	for service, act := range s {
		if service == page.Activity {
			act = act.After(1)
		}
		made.Always(methods[service], act)
	}
	return made
}

// newUser is the id of a user who has looked at nothing yet.
const newUser = "user-new"

// backends are all services in one, with one entry in each answer, but for what the
// user has looked at: three products, or none.
type backends struct {
	shopv1.UnimplementedUserServiceServer
	shopv1.UnimplementedMetricsServiceServer
	shopv1.UnimplementedAlertsServiceServer
	shopv1.UnimplementedActivityServiceServer
	shopv1.UnimplementedRecommendationsServiceServer
	shopv1.UnimplementedHistoryServiceServer
}

func (*backends) GetUser(
	_ context.Context, req *shopv1.GetUserRequest,
) (*shopv1.GetUserResponse, error) {
	user := &shopv1.User{Id: req.GetUserId()}
	return &shopv1.GetUserResponse{User: user}, nil
}

func (*backends) ListSeries(
	_ context.Context, _ *shopv1.ListSeriesRequest,
) (*shopv1.ListSeriesResponse, error) {
	series := []*shopv1.Series{{Name: "cpu.load"}}
	return &shopv1.ListSeriesResponse{Series: series}, nil
}

func (*backends) ListAlerts(
	_ context.Context, _ *shopv1.ListAlertsRequest,
) (*shopv1.ListAlertsResponse, error) {
	alerts := []*shopv1.Alert{{Id: "alert-01"}}
	return &shopv1.ListAlertsResponse{Alerts: alerts}, nil
}

func (*backends) ListRecommendations(
	_ context.Context, _ *shopv1.ListRecommendationsRequest,
) (*shopv1.ListRecommendationsResponse, error) {
	products := []*shopv1.Product{{Id: "product-001"}}
	return &shopv1.ListRecommendationsResponse{Products: products}, nil
}

func (*backends) ListViewed(
	_ context.Context, req *shopv1.ListViewedRequest,
) (*shopv1.ListViewedResponse, error) {
	products := []*shopv1.Product{{Id: "product-007"}, {Id: "product-008"}, {Id: "product-009"}}
	if req.GetUserId() == newUser {
		products = nil
	}
	return &shopv1.ListViewedResponse{Products: products}, nil
}

// TailActivity sends two entries.
func (*backends) TailActivity(
	_ *shopv1.TailActivityRequest, stream grpc.ServerStreamingServer[shopv1.TailActivityResponse],
) error {
	entry := &shopv1.TailActivityResponse{Entry: &shopv1.Entry{Action: "deployed"}}
	if err := stream.Send(entry); err != nil {
		return err
	}
	return stream.Send(entry)
}

// newService starts the scripted backends and returns a dashboard that asks
// them, with no guard unless an option says so. It must run inside a bubble.
func newService(t *testing.T, s *afloattest.Script, opts ...afloattest.Option) *page.Service {
	t.Helper()
	cc := afloattest.Serve(t, func(server grpc.ServiceRegistrar) {
		b := &backends{}
		shopv1.RegisterUserServiceServer(server, b)
		shopv1.RegisterMetricsServiceServer(server, b)
		shopv1.RegisterAlertsServiceServer(server, b)
		shopv1.RegisterActivityServiceServer(server, b)
		shopv1.RegisterRecommendationsServiceServer(server, b)
		shopv1.RegisterHistoryServiceServer(server, b)
	}, append([]afloattest.Option{
		afloattest.WithName("backends"), afloattest.WithScript(s), afloattest.WithServerRules(nil), afloattest.WithClientRules(nil),
	}, opts...)...)
	connections := map[string]grpc.ClientConnInterface{}
	for _, name := range page.Services() {
		connections[name] = cc
	}
	service, err := page.New(connections, nil)
	if err != nil {
		t.Fatal(err)
	}
	return service
}
