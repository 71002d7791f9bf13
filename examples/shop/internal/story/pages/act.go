package pages

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/page"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// Bounds of a Config. More pages than that cannot be made without the user service:
// the database stands in for it, and is read no faster.
const (
	MinRate  = 40
	MaxRate  = page.ReadsPerSecond
	MinPhase = 5 * time.Second
	MaxPhase = 30 * time.Second
)

// Config says how the act is played.
type Config struct {
	// Rate is how many pages are asked for per second. Range [MinRate, MaxRate].
	Rate int
	// Phase is how long a backend is sick. Range [MinPhase, MaxPhase].
	Phase time.Duration
}

// calmDown is how long all is well before a phase is played again: enough for every
// circuit to close.
const calmDown = 1500 * time.Millisecond

// Act returns the act, to be played on a system that runs. It asks for the first
// pages, so that all connections are up.
func Act(ctx context.Context, sys *system.System, cfg Config) (script.Act, error) {
	p, err := newPlayer(ctx, sys, cfg.Rate)
	if err != nil {
		return script.Act{}, err
	}
	return p.act(phasesOf(cfg, &p.healthy)), nil
}
