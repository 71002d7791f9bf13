package story

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	"github.com/afloat-go/afloat/examples/dashboard/load"
	"github.com/afloat-go/afloat/examples/dashboard/store"
)

// ErrUnmet is what [Run] returns, with the list, if a phase did not show what
// it must.
var ErrUnmet = errors.New("not met")

// Bounds of a Config.
const (
	MinRate  = 40
	MaxRate  = 300
	MinPhase = 5 * time.Second
	MaxPhase = 30 * time.Second
)

// Config says how the story is run.
type Config struct {
	// Rate is how many pages are asked for per second. Range [MinRate, MaxRate].
	Rate int
	// Phase is how long a backend is sick. Range [MinPhase, MaxPhase].
	Phase time.Duration
	// Guarded says whether the dashboard's connections carry policies.
	Guarded bool
}

// patience is how long the client waits for a page.
const patience = 3 * time.Second

// maxInFlight bounds the client's requests under way: patience at the highest
// rate.
const maxInFlight = 900

// Run starts the system on network, tells the story, writes it to out and stops
// the system. The error wraps [ErrUnmet] if some phase did not show what it
// must, and names each expectation that was not met.
func Run(ctx context.Context, network Network, db *store.Store, cfg Config, out io.Writer) (err error) {
	s, err := start(ctx, network, db, cfg.Guarded)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	healthy := &Figures{}
	t := &teller{out: out, repeats: maxRepeats, play: func(ctx context.Context, p phase) (Figures, error) {
		return s.play(ctx, p, cfg.Rate)
	}}
	return t.tell(ctx, cfg, script(cfg, healthy), healthy)
}

// play runs one phase: it makes the backend sick, asks for pages and cures the
// backend once all are answered.
func (s *system) play(ctx context.Context, p phase, rate int) (Figures, error) {
	if err := s.sicken(p.sick, p.how); err != nil {
		return Figures{}, err
	}
	if p.forget && s.copies != nil {
		s.copies.Forget()
	}
	before := s.arrivedAt(p.sick)
	results, err := load.Run(ctx, load.Config{Rate: rate, For: p.lasts, MaxInFlight: maxInFlight}, s.ask)
	if err != nil {
		return Figures{}, err
	}
	f := figuresOf(results, p.lasts)
	f.Circuits = dashboard.Circuits(s.guard)
	f.Sick = p.sick
	f.Reached = int(s.arrivedAt(p.sick) - before) //nolint:gosec // far below the bounds of an int
	return f, s.sicken(p.sick, well)
}
