package story

import (
	"context"
	"errors"
	"io"

	"github.com/afloat-go/afloat/examples/shop/internal/story/checkout"
	"github.com/afloat-go/afloat/examples/shop/internal/story/crowd"
	"github.com/afloat-go/afloat/examples/shop/internal/story/pages"
	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// Config says how the story is run.
type Config struct {
	// Pages says how many pages are asked for, and how long backends are sick.
	Pages pages.Config
	// System says what it is run on.
	System system.Config
}

// Run starts the system, tells the story, writes it to out and stops the system. The
// story changes the rules, so it works on a copy of their file, in the data's folder.
// The error wraps [script.ErrUnmet] if some phase did not show what it must, and
// names each expectation that was not met.
func Run(ctx context.Context, cfg Config, out io.Writer) (err error) {
	if cfg.System.Rules, err = system.CopyRules(cfg.System.Rules, cfg.System.Folder); err != nil {
		return err
	}
	sys, err := system.Start(ctx, cfg.System)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sys.Stop()) }()
	first, err := pages.Act(ctx, sys, cfg.Pages)
	if err != nil {
		return err
	}
	second, err := checkout.Act(sys)
	if err != nil {
		return err
	}
	third, err := crowd.Act(ctx, sys)
	if err != nil {
		return err
	}
	return script.NewRunner(out).Run(ctx, first, second, third)
}
