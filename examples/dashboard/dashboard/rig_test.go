package dashboard_test

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
)

// script says what a scripted backend does with a call before it answers. Services
// that it does not name answer at once.
type script map[string]func(ctx context.Context) error

// newUser is the id of a user who has looked at nothing yet.
const newUser = "user-new"

// do runs the script of one service.
func (s script) do(ctx context.Context, service string) error {
	if f := s[service]; f != nil {
		return f(ctx)
	}
	return nil
}

// backends are all services in one, with one entry in each answer, but for what the
// user has looked at: three products, or none.
type backends struct {
	dashboardv1.UnimplementedUserServiceServer
	dashboardv1.UnimplementedMetricsServiceServer
	dashboardv1.UnimplementedAlertsServiceServer
	dashboardv1.UnimplementedActivityServiceServer
	dashboardv1.UnimplementedRecommendationsServiceServer
	dashboardv1.UnimplementedHistoryServiceServer

	script script
}

func (b *backends) GetUser(
	ctx context.Context, req *dashboardv1.GetUserRequest,
) (*dashboardv1.GetUserResponse, error) {
	user := &dashboardv1.User{Id: req.GetUserId()}
	return &dashboardv1.GetUserResponse{User: user}, b.script.do(ctx, dashboard.Users)
}

func (b *backends) ListSeries(
	ctx context.Context, _ *dashboardv1.ListSeriesRequest,
) (*dashboardv1.ListSeriesResponse, error) {
	series := []*dashboardv1.Series{{Name: "cpu.load"}}
	return &dashboardv1.ListSeriesResponse{Series: series}, b.script.do(ctx, dashboard.Metrics)
}

func (b *backends) ListAlerts(
	ctx context.Context, _ *dashboardv1.ListAlertsRequest,
) (*dashboardv1.ListAlertsResponse, error) {
	alerts := []*dashboardv1.Alert{{Id: "alert-01"}}
	return &dashboardv1.ListAlertsResponse{Alerts: alerts}, b.script.do(ctx, dashboard.Alerts)
}

func (b *backends) ListRecommendations(
	ctx context.Context, _ *dashboardv1.ListRecommendationsRequest,
) (*dashboardv1.ListRecommendationsResponse, error) {
	products := []*dashboardv1.Product{{Id: "product-001"}}
	return &dashboardv1.ListRecommendationsResponse{Products: products}, b.script.do(ctx, dashboard.Recommendations)
}

func (b *backends) ListViewed(
	ctx context.Context, req *dashboardv1.ListViewedRequest,
) (*dashboardv1.ListViewedResponse, error) {
	products := []*dashboardv1.Product{{Id: "product-007"}, {Id: "product-008"}, {Id: "product-009"}}
	if req.GetUserId() == newUser {
		products = nil
	}
	return &dashboardv1.ListViewedResponse{Products: products}, b.script.do(ctx, dashboard.History)
}

// TailActivity sends one entry, then does what the script says, then another.
func (b *backends) TailActivity(
	_ *dashboardv1.TailActivityRequest, stream grpc.ServerStreamingServer[dashboardv1.TailActivityResponse],
) error {
	entry := &dashboardv1.TailActivityResponse{Entry: &dashboardv1.Entry{Action: "deployed"}}
	if err := stream.Send(entry); err != nil {
		return err
	}
	if err := b.script.do(stream.Context(), dashboard.Activity); err != nil {
		return err
	}
	return stream.Send(entry)
}

// newService starts the scripted backends and returns a dashboard that asks
// them. It must run inside a bubble.
func newService(t *testing.T, s script, opts ...grpc.DialOption) *dashboard.Service {
	t.Helper()
	lis := bufconn.Listen(1 << 16)
	server := grpc.NewServer(grpc.WaitForHandlers(true))
	b := &backends{script: s}
	dashboardv1.RegisterUserServiceServer(server, b)
	dashboardv1.RegisterMetricsServiceServer(server, b)
	dashboardv1.RegisterAlertsServiceServer(server, b)
	dashboardv1.RegisterActivityServiceServer(server, b)
	dashboardv1.RegisterRecommendationsServiceServer(server, b)
	dashboardv1.RegisterHistoryServiceServer(server, b)
	go func() {
		if err := server.Serve(lis); err != nil {
			t.Errorf("serve: %v", err)
		}
	}()
	t.Cleanup(server.Stop)
	opts = append(opts,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
	)
	cc, err := grpc.NewClient("passthrough:///backends", opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cc.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	connections := map[string]grpc.ClientConnInterface{}
	for _, name := range dashboard.Services() {
		connections[name] = cc
	}
	service, err := dashboard.New(connections, nil)
	if err != nil {
		t.Fatal(err)
	}
	return service
}
