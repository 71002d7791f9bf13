package main

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// afloat's guards beside the plain one, which is peers.NameAfloat.
const (
	builtIn   = "the built-in rule"
	slowAfter = "the same with SlowAfter"
)

// promise is what is promised of the guards under a load, by their names.
type promise struct {
	load  load
	goals map[string]*measure.Goal
}

// promises returns the loads that are measured. What is promised is a share of what
// gobreaker and a semaphore take; 0 as a share promises the allocations alone.
func promises() []promise {
	serial := []promise{
		{load{admitted, 1, 1, true}, map[string]*measure.Goal{peers.NameAfloat: {Most: 0.50}, builtIn: {Most: 0.50}, slowAfter: {Most: 0.75}}},
		{load{admitted, 10_000, 1, true}, map[string]*measure.Goal{peers.NameAfloat: {Most: 0.70}, builtIn: {}, slowAfter: {}}},
		{load{refused, 1, 1, true}, map[string]*measure.Goal{peers.NameAfloat: {Most: 0.90}, slowAfter: {}}},
		{load{failing, 1, 1, true}, map[string]*measure.Goal{peers.NameAfloat: {Most: 1}, slowAfter: {}}},
		{load{failingPlainly, 1, 1, true}, map[string]*measure.Goal{peers.NameAfloat: {Most: 1}, slowAfter: {}}},
	}
	var all []promise
	for _, p := range serial {
		all = append(all, p, p.withoutDeadline())
	}
	return append(all,
		promise{load{admitted, 1, 2, true}, nil},
		promise{load{admitted, 1, 32, true}, map[string]*measure.Goal{peers.NameAfloat: {Most: 0.30}, builtIn: {}, slowAfter: {}}},
		promise{load{admitted, 100, 1, true}, nil},
		promise{load{admitted, 10_000, 32, true}, nil},
		promise{load{refused, 1, 32, true}, nil},
		promise{load{failing, 1, 32, true}, nil},
	)
}

// withoutDeadline returns the same for a caller who has none. The built-in rule makes
// one then, which is a context and a timer: of it nothing is promised.
func (p promise) withoutDeadline() promise {
	p.load.deadline = false
	kept := map[string]*measure.Goal{}
	for name, g := range p.goals {
		if name != builtIn {
			kept[name] = g
		}
	}
	p.goals = kept
	return p
}

// guards returns what is measured under a load. The base is gobreaker with its
// semaphore's refusals left out, twice.
func (l load) guards() []peers.Peer {
	base := peers.Peer{Name: peers.NameGobreaker, New: peers.Gobreaker}
	all := []peers.Peer{base, base, {Name: peers.NameCounting, New: peers.GobreakerCounting}}
	if l.kind == admitted && !l.deadline {
		all = append(all, peers.WithTimeout(base, 30*time.Second))
	}
	all = append(all, peers.Peer{Name: peers.NameAfloat, New: peers.Afloat}, peers.Peer{Name: slowAfter, New: withSlowAfter})
	if l.kind == admitted { // otherwise its circuit opens, and not for long
		all = append(all, peers.Peer{Name: builtIn, New: peers.BuiltIn})
	}
	return append(all, peers.Peer{Name: peers.NameFailsafe, New: peers.Failsafe}, peers.Peer{Name: peers.NameNone, New: peers.PassThrough})
}

// calls measures the interceptors by themselves, with an invoker that returns at
// once.
func calls(ctx context.Context, e measure.Effort, p *measure.Page) error {
	for _, promised := range promises() {
		if err := promised.measure(ctx, e, p); err != nil {
			return err
		}
	}
	return nil
}

func (p promise) measure(ctx context.Context, e measure.Effort, out *measure.Page) error {
	ctx, cancel := p.load.caller(ctx)
	defer cancel()
	systems, err := p.load.systems(ctx)
	if err != nil {
		return err
	}
	for i, s := range systems {
		systems[i].Goal = p.goals[s.Name]
	}
	out.Compare(e, p.load.String(), measure.Ratio(), systems)
	return nil
}

// systems returns the guards under the load.
func (l load) systems(ctx context.Context) ([]measure.System, error) {
	var systems []measure.System
	for _, g := range l.guards() {
		s, err := l.sample(ctx, g)
		if err != nil {
			return nil, err
		}
		systems = append(systems, measure.System{Name: g.Name, Sample: s})
	}
	return systems, nil
}

// withSlowAfter returns the plain guard that also watches for slow calls.
func withSlowAfter(cfg peers.Config) (grpc.UnaryClientInterceptor, error) {
	cfg.SlowAfter = 50 * time.Millisecond
	return peers.Afloat(cfg)
}
