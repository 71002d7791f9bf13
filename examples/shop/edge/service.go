package edge

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/fanout"
)

type (
	request = shopv1.GetHomeRequest
	home    = shopv1.GetHomeResponse
)

// Service answers EdgeService. It is safe for concurrent use.
type Service struct {
	shopv1.UnimplementedEdgeServiceServer

	plan *fanout.Plan[*request, *home]
}

// New returns the service that asks the dashboard at cc. A nil observer is nobody.
func New(cc grpc.ClientConnInterface, observer fanout.Observer) (*Service, error) {
	dashboard := shopv1.NewDashboardServiceClient(cc)
	plan, err := fanout.NewPlanWith(
		fanout.Config{Name: "GetHome", Observer: observer},
		// Embed: what is said of the page's "products" holds for "dashboard.products".
		fanout.Required("dashboard", fanout.RPC(dashboard.GetDashboard, pageOf),
			func(h *home, p *shopv1.GetDashboardResponse) { h.Dashboard = p }).
			Embed(),
	)
	return &Service{plan: plan}, err
}

// pageOf makes the request for the page.
func pageOf(req *request) *shopv1.GetDashboardRequest {
	return &shopv1.GetDashboardRequest{UserId: req.GetUserId()}
}

// GetHome fails as the dashboard does.
func (s *Service) GetHome(ctx context.Context, req *request) (*home, error) {
	if req.GetUserId() == "" {
		return nil, status.Error(codes.InvalidArgument, `edge: user_id = ""; must be the id of a user`)
	}
	h := &home{}
	if _, err := s.plan.Gather(ctx, req, h); err != nil {
		return nil, err
	}
	return h, nil
}
