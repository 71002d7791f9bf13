package story

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/system"
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
	// System says what to run it on.
	System system.Config
}

// Run starts the system, tells the story, writes it to out and stops the system.
// The error wraps [ErrUnmet] if some phase did not show what it must, and names
// each expectation that was not met.
func Run(ctx context.Context, cfg Config, out io.Writer) (err error) {
	sys, err := system.Start(ctx, cfg.System)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sys.Stop()) }()
	p, err := newPlayer(ctx, sys, cfg.Rate)
	if err != nil {
		return err
	}
	healthy := &Figures{}
	t := &teller{out: out, repeats: maxRepeats, play: p.play}
	return t.tell(ctx, cfg, script(cfg, healthy), healthy)
}
