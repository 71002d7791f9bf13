package live

import (
	"sync"
	"time"

	"github.com/afloat-go/afloat/examples/shop/orders"
	"github.com/afloat-go/afloat/examples/shop/page"
	"github.com/afloat-go/afloat/examples/shop/system"
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
	s := State{Pages: pages, Page: pageOf(v.visitors.latest.Load()), Orders: v.orders(), Rules: v.rules(), Events: v.records.latest()}
	s.Services = v.servers(pages.PerSecond, v.rate("orders", s.Orders.Placed, now), now)
	for _, g := range page.Guarded() {
		s.Services = append(s.Services, v.backend(g, "dashboard", v.system.Guard(), now))
	}
	for _, g := range orders.Guarded() {
		s.Services = append(s.Services, v.backend(g, "orders", v.system.Orders().Guard(), now))
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

// rules returns what the dashboard makes of the rules file.
func (v *view) rules() Rules {
	snap := v.system.Rules().Snapshot()
	r := Rules{File: v.system.RulesFile(), InForce: len(snap.Rules), Applied: snap.Applied, Refused: snap.Refused}
	if snap.LastRefused != nil && snap.LastRefused.At.After(snap.Since) {
		r.Fault = snap.LastRefused.Err.Error()
	}
	return r
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
