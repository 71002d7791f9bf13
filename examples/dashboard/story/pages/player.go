package pages

import (
	"context"
	"fmt"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	"github.com/afloat-go/afloat/examples/dashboard/load"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/examples/dashboard/system"
)

// patience is how long the client waits for a page.
const patience = 3 * time.Second

// maxInFlight bounds the client's requests under way: patience at the highest
// rate.
const maxInFlight = 300

// player plays phases on a system.
type player struct {
	system  *system.System
	userIDs []string
	rate    int
	healthy Figures // of the first phase
}

// newPlayer asks for some pages, so that all connections are up.
func newPlayer(ctx context.Context, sys *system.System, rate int) (*player, error) {
	ids, err := sys.Data().UserIDs()
	if err != nil {
		return nil, err
	}
	p := &player{system: sys, userIDs: ids, rate: rate}
	const pages = 20
	for n := range pages {
		if _, err := p.ask(ctx, n); err != nil {
			return nil, fmt.Errorf("pages: the first pages: %w", err)
		}
	}
	return p, nil
}

// play plays one phase: it makes the backend sick, asks for pages and cures the
// backend once all are answered.
func (p *player) play(ctx context.Context, ph phase) (Figures, error) {
	if err := p.make(ph.sick, ph.how); err != nil {
		return Figures{}, err
	}
	if copies := p.system.Copies(); ph.forget && copies != nil {
		copies.Forget()
	}
	before := p.arrived(ph.sick)
	results, err := load.Run(ctx, load.Config{Rate: p.rate, For: ph.lasts, MaxInFlight: maxInFlight}, p.ask)
	if err != nil {
		return Figures{}, err
	}
	f := figuresOf(results, ph.lasts)
	f.Circuits = dashboard.Circuits(p.system.Guard())
	f.Sick = ph.sick
	f.Reached = int(p.arrived(ph.sick) - before) //nolint:gosec // far below the bounds of an int
	return f, p.make(ph.sick, system.Well)
}

// make changes what is wrong with the backend of the given name. It does nothing
// if there is no name.
func (p *player) make(name string, how system.Sickness) error {
	if name == "" {
		return nil
	}
	return p.system.Backend(name).Become(how)
}

// arrived is how many calls have come to the backend of the given name, 0 if
// there is no name.
func (p *player) arrived(name string) uint64 {
	if name == "" {
		return 0
	}
	return p.system.Backend(name).Arrived()
}

// ask asks for the n-th page.
func (p *player) ask(ctx context.Context, n int) (*page, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return p.system.Edge().GetHome(ctx, &dashboardv1.GetHomeRequest{UserId: p.userIDs[n%len(p.userIDs)]})
}
