package dashboard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Deadline is how long a page may take: what is not there by then is missing.
const Deadline = 800 * time.Millisecond

// Service answers DashboardService. It is safe for concurrent use.
type Service struct {
	dashboardv1.UnimplementedDashboardServiceServer

	sources []source // in the order of Parts
}

// New returns the service that asks for each of [Parts] over the connection
// given for it, or an error that names each part without one.
func New(connections map[string]grpc.ClientConnInterface) (*Service, error) {
	s := &Service{}
	var faults []error
	for _, part := range Parts() {
		cc, ok := connections[part]
		if !ok {
			faults = append(faults, fmt.Errorf("dashboard: connection for %s is missing", part))
			continue
		}
		ask, err := sourceOf(part, cc)
		faults = append(faults, err)
		s.sources = append(s.sources, ask)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return s, nil
}

// GetDashboard puts a page together. It fails if the user cannot be had, with
// the code of that failure.
func (s *Service) GetDashboard(
	ctx context.Context, req *dashboardv1.GetDashboardRequest,
) (*dashboardv1.GetDashboardResponse, error) {
	if req.GetUserId() == "" {
		return nil, status.Error(codes.InvalidArgument, `dashboard: user_id = ""; must be the id of a user`)
	}
	bounded, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel() // also ends the calls of the parts that nobody waits for any more
	answers := s.gather(bounded, req.GetUserId())
	if ctx.Err() != nil {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return assemble(answers)
}

// assemble makes the page of what there is. It names the parts that are
// missing.
func assemble(answers []answer) (*page, error) {
	p := &page{}
	for i, part := range Parts() {
		a := answers[i]
		switch {
		case a.err == nil:
			a.fill(p)
		case part == Users:
			return nil, status.Errorf(policy.Code(a.err), "dashboard: %s: %s", part, status.Convert(a.err).Message())
		default:
			p.Missing = append(p.Missing, &dashboardv1.MissingPart{Part: part, Reason: reasonOf(a.err)})
		}
	}
	return p, nil
}

// reasonOf tells the user's side why a part is missing. A refusal by the guard
// says so itself; what came from the service is told by its code.
func reasonOf(err error) dashboardv1.MissingReason {
	if policy.ReasonOf(err) == policy.ReasonCircuitOpen {
		return dashboardv1.MissingReason_MISSING_REASON_CIRCUIT_OPEN
	}
	switch policy.Code(err) {
	case codes.DeadlineExceeded:
		return dashboardv1.MissingReason_MISSING_REASON_TIMEOUT
	case codes.Unavailable:
		return dashboardv1.MissingReason_MISSING_REASON_UNAVAILABLE
	case codes.ResourceExhausted:
		return dashboardv1.MissingReason_MISSING_REASON_OVERLOADED
	default:
		return dashboardv1.MissingReason_MISSING_REASON_ERROR
	}
}
