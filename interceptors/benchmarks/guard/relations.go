package main

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// relations measures what is promised of afloat's calls among each other, and beside
// failsafe-go.
func relations(ctx context.Context, e measure.Effort, p *measure.Page) error {
	one := load{admitted, 1, 1, true}
	ctx, cancel := one.caller(ctx)
	defer cancel()
	own := peers.Peer{Name: peers.NameAfloat, New: peers.Afloat}
	failsafe := peers.Peer{Name: peers.NameFailsafe, New: peers.Failsafe}
	for _, r := range []relation{
		{"admitted, serial, of failsafe-go", []part{{failsafe, one, nil}, {failsafe, one, nil}, {own, one, &measure.Goal{Most: 1.0 / 6}}}},
		{"of " + one.String(), []part{
			{own, one, nil},
			{own, one, nil},
			{own, load{refused, 1, 1, true}, &measure.Goal{Most: 1}},
		}},
	} {
		if err := r.measure(ctx, e, p); err != nil {
			return err
		}
	}
	return nil
}

// relation is a few measures that are compared: the base, the base again, the others.
type relation struct {
	title string
	parts []part
}

type part struct {
	peer peers.Peer
	load load
	goal *measure.Goal
}

func (r relation) measure(ctx context.Context, e measure.Effort, p *measure.Page) error {
	var systems []measure.System
	for _, part := range r.parts {
		s, err := part.load.sample(ctx, part.peer)
		if err != nil {
			return err
		}
		name := part.peer.Name
		if part.load != r.parts[0].load {
			name += ": " + part.load.String()
		}
		systems = append(systems, measure.System{Name: name, Sample: s, Goal: part.goal})
	}
	p.Compare(e, r.title, measure.Ratio(), systems)
	return nil
}
