package checkout

import (
	"context"
	"fmt"
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

// close holds all orders of the run against the books.
func (p *player) close(context.Context) (r script.Result, err error) {
	b, err := readBooks(p.system, p.run)
	if err != nil {
		return r, err
	}
	left, err := pieces(p.system)
	if err != nil {
		return r, err
	}
	told := map[fate]int{}
	for _, o := range p.placed {
		told[o.fate]++
	}
	sum := b.of(p.placed)
	r.Row = rowOfBooks(told, sum, p.pieces-left)
	if err := booksRight(Figures{Books: sum}); err != nil {
		r.Unmet = append(r.Unmet, err)
	}
	if gone := p.pieces - left; gone != int64(sum.kept) {
		r.Unmet = append(r.Unmet, fmt.Errorf("%d pieces have left the shelves and %d are kept for orders; must be as many", gone, sum.kept))
	}
	return r, nil
}
