package live

import (
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/orders"
	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// view looks at the system. It is safe for concurrent use.
type view struct {
	system   *system.System
	visitors *visitors
	records  *Records

	mu    sync.Mutex
	rates map[string]rate
}

// rate is how many calls came to a service, and when that was counted.
type rate struct {
	at        time.Time
	calls     uint64
	perSecond float64
}

// look returns what there is to see now.
func (v *view) look() State {
	now := time.Now()
	pages := v.visitors.window.figures(now)
	s := State{Pages: pages, Page: pageOf(v.visitors.latest.Load()), Orders: v.orders(), RulesFile: v.system.RulesFile(), Events: v.records.latest()}
	s.Visitors = Visitors{Times: v.visitors.times.Load(), Most: mostTimes}
	s.Services = v.servers(pages.PerSecond, v.rate("orders", s.Orders.Placed, now), now)
	for _, g := range page.Guarded() {
		s.Services = append(s.Services, v.backend(g, "dashboard", v.system.Guard(), now))
	}
	for _, g := range orders.Guarded() {
		callers := "orders"
		if g.Name == orders.Inventory {
			callers = "orders and windows"
		}
		s.Services = append(s.Services, v.backend(g, callers, v.system.Orders().Guard(), now))
	}
	return s
}

// rate counts the calls to a service of about the last second.
func (v *view) rate(name string, calls uint64, now time.Time) float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.rates == nil {
		v.rates = map[string]rate{}
	}
	was, known := v.rates[name]
	if d := now.Sub(was.at); !known || d >= time.Second {
		next := rate{at: now, calls: calls}
		if known {
			next.perSecond = float64(calls-was.calls) / d.Seconds()
		}
		v.rates[name] = next
	}
	return v.rates[name].perSecond
}

// orders returns what became of orders.
func (v *view) orders() Orders {
	c := &v.visitors.orders
	o := Orders{
		Placed: c.placed.Load(), Charged: c.charged.Load(), Accepted: c.accepted.Load(), Refused: c.refused.Load(),
	}
	if waiting, err := v.system.Orders().Queue().Kept(); err == nil {
		o.Waiting = len(waiting)
	}
	return o
}

// servers looks at the services that call the backends, which so many calls for pages
// and for orders come to in a second.
func (v *view) servers(pages, placed float64, now time.Time) []Service {
	edge := guards.Service{Name: "edge", Methods: methodsOf(shopv1.EdgeService_ServiceDesc)}
	board := guards.Service{Name: "dashboard", Methods: methodsOf(shopv1.DashboardService_ServiceDesc)}
	orders := guards.Service{Name: "orders", Methods: methodsOf(shopv1.OrderService_ServiceDesc)}
	servers := []Service{
		{Name: edge.Name, CallsPerSecond: pages, Own: own(edge, v.system.EdgeGuard())},
		{Name: board.Name, CalledBy: edge.Name, CallsPerSecond: pages, Own: own(board, v.system.Guard())},
		{Name: orders.Name, CallsPerSecond: placed, Own: own(orders, v.system.Orders().Guard())},
	}
	lookAtGuard(&servers[1], board, v.system.EdgeGuard(), now)
	return servers
}

// methodsOf returns how the methods of a service begin.
func methodsOf(service grpc.ServiceDesc) string { return "/" + service.ServiceName + "/" }

// backend looks at a backend and at what guards the way to it.
func (v *view) backend(g guards.Service, caller string, rules *rules.Rules, now time.Time) Service {
	b := v.system.Backend(g.Name)
	s := Service{
		Name: g.Name, CalledBy: caller, Sickness: b.Sickness().String(), CallsPerSecond: v.rate(g.Name, b.Arrived(), now),
	}
	for _, can := range b.Sicknesses() {
		s.Sicknesses = append(s.Sicknesses, can.String())
	}
	if snap, ok := b.Control(); ok {
		s.Control = controlIn(snap)
	}
	lookAtGuard(&s, g, rules, now)
	return s
}

// controlIn returns what an overload control has found out.
func controlIn(snap overload.Snapshot) *Control {
	c := &Control{Places: Places{InFlight: snap.InFlight, Waiting: snap.Waiting, Limit: snap.Limit}, Pressure: snap.Pressure}
	for i, n := range snap.RejectedOf {
		c.Refused = append(c.Refused, Refusals{overload.ClassAt(i).String(), n})
	}
	return c
}

// lookAtGuard adds to a service what guards the way to it.
func lookAtGuard(s *Service, g guards.Service, rules *rules.Rules, now time.Time) {
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

// placesIn returns the places of a bulkhead.
func placesIn(s bulkhead.Snapshot) *Places {
	return &Places{InFlight: s.InFlight, Waiting: s.Waiting, Limit: s.MaxConcurrent}
}
