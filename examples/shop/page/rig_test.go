package page_test

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
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
	shopv1.UnimplementedUserServiceServer
	shopv1.UnimplementedMetricsServiceServer
	shopv1.UnimplementedAlertsServiceServer
	shopv1.UnimplementedActivityServiceServer
	shopv1.UnimplementedRecommendationsServiceServer
	shopv1.UnimplementedHistoryServiceServer

	script script
}

func (b *backends) GetUser(
	ctx context.Context, req *shopv1.GetUserRequest,
) (*shopv1.GetUserResponse, error) {
	user := &shopv1.User{Id: req.GetUserId()}
	return &shopv1.GetUserResponse{User: user}, b.script.do(ctx, page.Users)
}

func (b *backends) ListSeries(
	ctx context.Context, _ *shopv1.ListSeriesRequest,
) (*shopv1.ListSeriesResponse, error) {
	series := []*shopv1.Series{{Name: "cpu.load"}}
	return &shopv1.ListSeriesResponse{Series: series}, b.script.do(ctx, page.Metrics)
}

func (b *backends) ListAlerts(
	ctx context.Context, _ *shopv1.ListAlertsRequest,
) (*shopv1.ListAlertsResponse, error) {
	alerts := []*shopv1.Alert{{Id: "alert-01"}}
	return &shopv1.ListAlertsResponse{Alerts: alerts}, b.script.do(ctx, page.Alerts)
}

func (b *backends) ListRecommendations(
	ctx context.Context, _ *shopv1.ListRecommendationsRequest,
) (*shopv1.ListRecommendationsResponse, error) {
	products := []*shopv1.Product{{Id: "product-001"}}
	return &shopv1.ListRecommendationsResponse{Products: products}, b.script.do(ctx, page.Recommendations)
}

func (b *backends) ListViewed(
	ctx context.Context, req *shopv1.ListViewedRequest,
) (*shopv1.ListViewedResponse, error) {
	products := []*shopv1.Product{{Id: "product-007"}, {Id: "product-008"}, {Id: "product-009"}}
	if req.GetUserId() == newUser {
		products = nil
	}
	return &shopv1.ListViewedResponse{Products: products}, b.script.do(ctx, page.History)
}

// TailActivity sends one entry, then does what the script says, then another.
func (b *backends) TailActivity(
	_ *shopv1.TailActivityRequest, stream grpc.ServerStreamingServer[shopv1.TailActivityResponse],
) error {
	entry := &shopv1.TailActivityResponse{Entry: &shopv1.Entry{Action: "deployed"}}
	if err := stream.Send(entry); err != nil {
		return err
	}
	if err := b.script.do(stream.Context(), page.Activity); err != nil {
		return err
	}
	return stream.Send(entry)
}

// newService starts the scripted backends and returns a dashboard that asks
// them. It must run inside a bubble.
func newService(t *testing.T, s script, opts ...grpc.DialOption) *page.Service {
	t.Helper()
	lis := bufconn.Listen(1 << 16)
	server := grpc.NewServer(grpc.WaitForHandlers(true))
	b := &backends{script: s}
	shopv1.RegisterUserServiceServer(server, b)
	shopv1.RegisterMetricsServiceServer(server, b)
	shopv1.RegisterAlertsServiceServer(server, b)
	shopv1.RegisterActivityServiceServer(server, b)
	shopv1.RegisterRecommendationsServiceServer(server, b)
	shopv1.RegisterHistoryServiceServer(server, b)
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
	for _, name := range page.Services() {
		connections[name] = cc
	}
	service, err := page.New(connections, nil)
	if err != nil {
		t.Fatal(err)
	}
	return service
}
