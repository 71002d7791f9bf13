package crowd

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// calmDown is how long the usual crowd comes before a phase is played again: enough for
// all that waits to be answered.
const calmDown = 2 * time.Second

// Act returns the act, to be played on a system that runs. It asks the inventory a few
// times, so that all connections are up.
func Act(ctx context.Context, sys *system.System) (script.Act, error) {
	p, err := newPlayer(ctx, sys)
	if err != nil {
		return script.Act{}, err
	}
	phases := phasesOf()
	a := script.Act{
		Head: head(phases),
		Rest: func(ctx context.Context) error {
			_, err := p.play(ctx, phase{lasts: calmDown, crowd: 1})
			return err
		},
	}
	for _, ph := range phases {
		a.Phases = append(a.Phases, script.Phase{Name: ph.name, Play: func(ctx context.Context) (script.Result, error) {
			f, err := p.play(ctx, ph)
			return script.Result{Row: row(ph.name, f), Unmet: ph.check(f), Late: f.Late}, err
		}})
	}
	return a, nil
}
