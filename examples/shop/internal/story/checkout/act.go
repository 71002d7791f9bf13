package checkout

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// calmDown is how long all is well before a phase is played again: enough for every
// circuit to close.
const calmDown = 3 * time.Second

// Act returns the act, to be played on a system that runs.
func Act(sys *system.System) (script.Act, error) {
	p, err := newPlayer(sys)
	if err != nil {
		return script.Act{}, err
	}
	phases := phasesOf()
	a := script.Act{
		Head: head(phases),
		Rest: func(ctx context.Context) error {
			_, err := p.play(ctx, phase{lasts: calmDown, rate: steady, settles: true})
			return err
		},
	}
	for _, ph := range phases {
		a.Phases = append(a.Phases, script.Phase{Name: ph.name, Play: func(ctx context.Context) (script.Result, error) {
			f, err := p.play(ctx, ph)
			return script.Result{Row: row(ph.name, f), Unmet: ph.check(f), Late: f.Late}, err
		}})
	}
	a.Phases = append(a.Phases, script.Phase{Name: "the books", Play: p.close})
	return a, nil
}
