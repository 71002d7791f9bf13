package live

import (
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/dashboard/guards"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// servers looks at the services that call the backends, which so many calls for pages
// and for orders come to in a second.
func (v *view) servers(pages, placed float64, now time.Time) []Service {
	edge := guards.Service{Name: "edge", Methods: methodsOf(dashboardv1.EdgeService_ServiceDesc)}
	board := guards.Service{Name: "dashboard", Methods: methodsOf(dashboardv1.DashboardService_ServiceDesc)}
	orders := guards.Service{Name: "orders", Methods: methodsOf(dashboardv1.OrderService_ServiceDesc)}
	servers := []Service{
		{Name: edge.Name, CallsPerSecond: pages, Own: own(edge, v.system.EdgeGuard())},
		{Name: board.Name, CalledBy: edge.Name, CallsPerSecond: pages, Own: own(board, v.system.Guard())},
		{Name: orders.Name, CallsPerSecond: placed, Own: own(orders, v.system.Orders().Guard())},
	}
	servers[1].guard(board, v.system.EdgeGuard(), now)
	return servers
}

func methodsOf(service grpc.ServiceDesc) string { return "/" + service.ServiceName + "/" }

// backend looks at a backend and at what guards the way to it.
func (v *view) backend(g guards.Service, caller string, rules *rules.Rules, now time.Time) Service {
	b := v.system.Backend(g.Name)
	s := Service{
		Name: g.Name, CalledBy: caller, Sickness: b.Sickness().String(), CallsPerSecond: v.rate(g.Name, b.Arrived(), now),
	}
	s.guard(g, rules, now)
	return s
}

// guard looks at what guards the way to the service.
func (s *Service) guard(g guards.Service, rules *rules.Rules, now time.Time) {
	if b, ok := guards.Find[*breaker.Breaker](rules, g); ok {
		snap := b.Snapshot()
		s.Refused += snap.Rejected
		s.Circuit = &Circuit{State: snap.State.String(), Calls: snap.Calls, Failures: snap.Failures, Slow: snap.Slow}
		if !snap.RetryAt.IsZero() {
			s.Circuit.RetryIn = max(0, snap.RetryAt.Sub(now).Seconds())
		}
	}
	if b, ok := guards.Find[*bulkhead.Bulkhead](rules, g); ok {
		snap := b.Snapshot()
		s.Refused += snap.Rejected
		s.Places = placesIn(snap)
	}
}

// own looks at the places that a server's rules have for its service, nil if there are
// none yet.
func own(g guards.Service, rules *rules.Rules) *Places {
	b, ok := guards.Find[*bulkhead.Bulkhead](rules, g)
	if !ok {
		return nil
	}
	return placesIn(b.Snapshot())
}

func placesIn(s bulkhead.Snapshot) *Places {
	return &Places{InFlight: s.InFlight, Waiting: s.Waiting, Limit: s.MaxConcurrent}
}
