package edge_test

import (
	"context"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/edge"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/afloattest"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// dashboard answers as it is told.
type dashboard struct {
	shopv1.UnimplementedDashboardServiceServer

	get func(ctx context.Context) (*shopv1.GetDashboardResponse, error)
}

func (d *dashboard) GetDashboard(ctx context.Context, _ *shopv1.GetDashboardRequest) (*shopv1.GetDashboardResponse, error) {
	return d.get(ctx)
}

// serve runs a server and returns a connection to it. It must run inside a bubble.
func serve(t *testing.T, register func(grpc.ServiceRegistrar), opts ...interceptors.ServerOption) *grpc.ClientConn {
	t.Helper()
	return afloattest.Serve(t, register, afloattest.WithServerOptions(opts...))
}

// newEdge runs an edge before a dashboard.
func newEdge(t *testing.T, d *dashboard) shopv1.EdgeServiceClient {
	t.Helper()
	inner := serve(t, func(s grpc.ServiceRegistrar) { shopv1.RegisterDashboardServiceServer(s, d) })
	service, err := edge.New(inner, nil)
	if err != nil {
		t.Fatal(err)
	}
	return shopv1.NewEdgeServiceClient(serve(t, func(s grpc.ServiceRegistrar) { shopv1.RegisterEdgeServiceServer(s, service) }, interceptors.WithEdge()))
}

// The edge names the leaf's field, and no service.
func TestHomeNamesTheFieldsOfThePage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newEdge(t, &dashboard{get: func(ctx context.Context) (*shopv1.GetDashboardResponse, error) {
			degrade.Add(ctx, degrade.NewReport(degrade.Marker{
				Path: "series", State: degrade.Missing, Reason: degrade.ReasonCircuitOpen,
				Source: degrade.Source{Name: "series", Origin: "GetDashboard/series"},
			}))
			return &shopv1.GetDashboardResponse{User: &shopv1.User{Id: "user-0001"}}, nil
		}})
		var report degrade.Report
		home, err := client.GetHome(t.Context(), &shopv1.GetHomeRequest{UserId: "user-0001"}, degrade.Capture(&report))
		if err != nil || home.GetDashboard().GetUser().GetId() != "user-0001" {
			t.Fatalf("home = %v, %v", home, err)
		}
		if home.GetDashboard().GetDegradation() != nil {
			t.Error("the page's own markers left the edge")
		}
		for m := range report.Markers() {
			if m.Path != "dashboard.series" || m.State != degrade.Missing || m.Reason != degrade.ReasonCircuitOpen || m.Source != (degrade.Source{}) {
				t.Errorf("marker = %+v", m)
			}
		}
		if report.Len() != 1 {
			t.Errorf("%d markers; want one", report.Len())
		}
	})
}

func TestNoHomeWithoutAPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newEdge(t, &dashboard{get: func(context.Context) (*shopv1.GetDashboardResponse, error) {
			return nil, status.Error(codes.NotFound, "no such user")
		}})
		for id, want := range map[string]codes.Code{"user-0001": codes.NotFound, "": codes.InvalidArgument} {
			if _, err := client.GetHome(t.Context(), &shopv1.GetHomeRequest{UserId: id}); status.Code(err) != want {
				t.Errorf("user %q: %v; want %v", id, err, want)
			}
		}
	})
}
