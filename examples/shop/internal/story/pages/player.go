package pages

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/internal/load"
	"github.com/afloat-go/afloat/examples/shop/internal/story/faults"
	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// patience is how long the client waits for a page.
const patience = 3 * time.Second

// maxInFlight bounds the client's requests under way: patience at the highest
// rate.
const maxInFlight = 300

// player plays phases on a system.
type player struct {
	system   *system.System
	faults   *faults.Injector
	operator *operator
	truth    truth
	userIDs  []string
	rate     int
	healthy  Figures // of the first phase
}

// newPlayer asks for some pages, so that all connections are up.
func newPlayer(ctx context.Context, sys *system.System, rate int) (*player, error) {
	t, err := newTruth(sys.Data())
	if err != nil {
		return nil, err
	}
	o, err := newOperator(sys)
	if err != nil {
		return nil, err
	}
	p := &player{
		system: sys, faults: faults.New(sys), operator: o, truth: t, userIDs: slices.Sorted(maps.Keys(t)), rate: rate,
	}
	const pages = 20
	for n := range pages {
		if _, err := p.ask(ctx, n); err != nil {
			return nil, fmt.Errorf("pages: the first pages: %w", err)
		}
	}
	return p, nil
}

// play plays one phase: it makes backends sick, and all others well, and asks for
// pages. The rules are as they were in the beginning, until they are changed.
func (p *player) play(ctx context.Context, ph phase) (Figures, error) {
	if copies := p.system.Copies(); ph.forget && copies != nil {
		copies.Forget()
	}
	if err := errors.Join(p.operator.restore(ctx), p.faults.Inject(ph.sick...)); err != nil {
		return Figures{}, err
	}
	results, change, err := p.run(ctx, ph)
	if err != nil {
		return Figures{}, err
	}
	f := figuresOf(results, ph.lasts, judges{all: p.judge(ph.suffers), atLast: p.judge(ph.atLast)})
	f.Circuits, f.Suffers, f.Reached = guards.Circuits(p.system.Guard(), page.Guarded()), ph.suffers.part, p.faults.Reached()
	f.Change = change
	return f, nil
}

// run asks for pages, and has the operator work meanwhile.
func (p *player) run(ctx context.Context, ph phase) (results []load.Result[*home], change *Change, err error) {
	var operating sync.WaitGroup
	var fault error
	if ph.rule != "" {
		operating.Go(func() { change, fault = p.operator.add(ctx, ph.rule) })
	}
	results, err = load.Run(ctx, load.Config{Rate: p.rate, For: ph.lasts, MaxInFlight: maxInFlight}, p.ask)
	operating.Wait()
	return results, change, errors.Join(err, fault)
}

// judge returns a check that says what is wrong with the n-th answer, if that is all
// that it may say.
func (p *player) judge(s suffering) func(n int, h *home) error {
	return func(n int, h *home) error { return p.truth.judge(p.userID(n), h, s) }
}

// userID returns the user whose page is asked for in the n-th place.
func (p *player) userID(n int) string { return p.userIDs[n%len(p.userIDs)] }

// ask asks for the n-th page.
func (p *player) ask(ctx context.Context, n int) (*home, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return p.system.Edge().GetHome(ctx, &shopv1.GetHomeRequest{UserId: p.userID(n)})
}

// act makes an act of phases. The figures of the first go to healthy.
func (p *player) act(phases []phase) script.Act {
	a := script.Act{
		Head: head(phases, p),
		Rest: func(ctx context.Context) error {
			_, err := p.play(ctx, phase{lasts: calmDown})
			return err
		},
	}
	for n, ph := range phases {
		a.Phases = append(a.Phases, script.Phase{Name: ph.name, Play: func(ctx context.Context) (script.Result, error) {
			f, err := p.play(ctx, ph)
			if n == 0 {
				p.healthy = f
			}
			return script.Result{Row: row(ph.name, f), Unmet: ph.check(f), Late: f.Late}, err
		}})
	}
	return a
}
