package page

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/fanout"
)

// Deadline is how long a page may take. What is not there shortly before, while
// there is still time to send it, is missing.
const Deadline = 800 * time.Millisecond

// Service answers DashboardService. It is safe for concurrent use.
type Service struct {
	shopv1.UnimplementedDashboardServiceServer

	plan *fanout.Plan[*request, *page]
}

// New returns the service that asks each of [Services] over the connection
// given for it, or an error that names each service without one. A nil observer is
// nobody.
func New(connections map[string]grpc.ClientConnInterface, observer fanout.Observer) (*Service, error) {
	var faults []error
	for _, service := range Services() {
		if connections[service] == nil {
			faults = append(faults, fmt.Errorf("page: connection for %s is missing", service))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	plan, err := newPlan(connections, observer)
	return &Service{plan: plan}, err
}

// GetDashboard puts a page together. It fails if the user cannot be had, with
// the code of that failure.
func (s *Service) GetDashboard(ctx context.Context, req *request) (*page, error) {
	if req.GetUserId() == "" {
		return nil, status.Error(codes.InvalidArgument, `page: user_id = ""; must be the id of a user`)
	}
	p := &page{}
	if _, err := s.plan.Gather(ctx, req, p); err != nil {
		return nil, err
	}
	return p, nil
}
