package system

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/internal/observe"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// startRules makes the rules of the process, with those of its own before those of the
// file, and follows the file, if it is asked for, for as long as the process runs.
func startRules(ctx context.Context, p *process, observed *observe.Service, own ...rules.Rule) (*config.Set, error) {
	p.changes = &changes{next: observed.Changes(), heard: make(chan error, 1)}
	set, err := guards.Rules(p.cfg.Rules, config.WithRules(own...), config.WithPolicyOptions(observed.Rules()...),
		config.WithObserver(p.changes), config.WithLogger(observed.Logger()))
	if err != nil {
		return nil, err
	}
	p.rules = set
	if p.cfg.Follow {
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		p.run(func() error { return set.Watch(ctx) })
		p.onStop(func() error {
			cancel()
			return nil
		})
	}
	return set, nil
}

// changes hears what becomes of changes of rules.
type changes struct {
	next  config.Observer // nil: nobody else hears
	heard chan error      // the last change, nil if it was applied
}

// RulesApplied implements config.Observer.
func (c *changes) RulesApplied(source string, rules int) {
	if c.next != nil {
		c.next.RulesApplied(source, rules)
	}
	c.hear(nil)
}

// RulesRefused implements config.Observer.
func (c *changes) RulesRefused(source string, err error) {
	if c.next != nil {
		c.next.RulesRefused(source, err)
	}
	c.hear(err)
}

// hear keeps what became of the last change, for whoever waits for it.
func (c *changes) hear(err error) {
	c.forget()
	select {
	case c.heard <- err:
	default: // it has heard of another meanwhile
	}
}

// forget drops what was kept of a change.
func (c *changes) forget() {
	select {
	case <-c.heard: //nolint:errcheck // that is what is forgotten
	default:
	}
}

// wait waits for what becomes of a change. The error wraps [ErrRefused] if it was
// refused.
func (c *changes) wait(ctx context.Context) error {
	select {
	case err := <-c.heard:
		if err != nil {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ErrRefused is wrapped by the error of rules that were refused.
var ErrRefused = errors.New("system: rules refused")

// replace puts a file in the place of another at once: nobody sees half of it.
func replace(path string, text []byte) error {
	next := path + ".next"
	if err := os.WriteFile(next, text, 0o600); err != nil { //nolint:gosec // the path is that of who runs the program
		return err
	}
	return os.Rename(next, path)
}

// CopyRules copies a rules file into a folder, which is made if it is missing, for who
// changes it. It returns the path of the copy.
func CopyRules(from, folder string) (string, error) {
	text, err := os.ReadFile(from)
	if err != nil {
		return "", fmt.Errorf("system: %w", err)
	}
	path := filepath.Join(folder, "rules.yaml")
	if err := errors.Join(os.MkdirAll(folder, 0o700), replace(path, text)); err != nil {
		return "", fmt.Errorf("system: %w", err)
	}
	return path, nil
}
