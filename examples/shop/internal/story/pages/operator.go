package pages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/page"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/breaker"
)

// lateAlerts is a rule for alerts that take as long as a slow backend does: late ones
// are better than none.
const lateAlerts = `
  - match: /shop.v1.AlertsService/*
    side: client
    timeout: {max: 700ms}
    breaker: {slow_after: 650ms, open_for: 500ms, max_open_for: 1s}
    bulkhead: {max_concurrent: 64, max_queue: 256, max_wait: 300ms}
`

// slip is what the operator writes at first in place of the field.
const (
	field = "slow_after"
	slip  = "slow_afer"
)

// operator changes the rules while pages are asked for.
type operator struct {
	system *system.System
	rules  []byte // as they were in the beginning
	edited bool
}

// newOperator reads the rules file.
func newOperator(sys *system.System) (*operator, error) {
	text, err := os.ReadFile(sys.RulesFile())
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return &operator{system: sys, rules: text}, nil
}

// restore puts the rules back as they were.
func (o *operator) restore(ctx context.Context) error {
	if !o.edited {
		return nil
	}
	o.edited = false
	return o.system.ChangeRules(ctx, o.rules)
}

// Change is what came of a change of the rules while a backend was cut off.
type Change struct {
	// Refused is what was said of the rules with a slip of the pen in them.
	Refused error
	// Was and Is are the circuit's state before the changes and after.
	Was, Is breaker.State
	// Kept: it is the same circuit. Obeyed: it has the new configuration.
	Kept, Obeyed bool
}

// hesitation is how long the operator looks on: until alerts are cut off, also if the
// phase is played again and begins with a closed circuit.
const hesitation = 2 * time.Second

// add adds a rule for alerts, first with a slip of the pen and then without.
func (o *operator) add(ctx context.Context, rule string) (c *Change, err error) {
	c = &Change{}
	select {
	case <-time.After(hesitation):
	case <-ctx.Done():
		return c, context.Cause(ctx)
	}
	before, ok := o.circuit()
	if !ok {
		return c, nil // nobody is cut off from anything
	}
	if c.Was, err = justOpened(ctx, before); err != nil {
		return c, err
	}
	o.edited = true
	c.Refused = o.system.ChangeRules(ctx, o.with(strings.Replace(rule, field, slip, 1)))
	if !errors.Is(c.Refused, system.ErrRefused) {
		return c, fmt.Errorf("pages: rules with a slip of the pen: error = %w; want a refusal", c.Refused)
	}
	if err := o.system.ChangeRules(ctx, o.with(rule)); err != nil {
		return c, err
	}
	after, _ := o.circuit()
	c.Is, c.Kept, c.Obeyed = before.State(), before == after, before.Config().SlowAfter > system.SlowBy
	return c, nil
}

// An open circuit waits for its next probe for long enough to change the rules meanwhile. A
// moment is how much of that must be left.
const (
	moment = 100 * time.Millisecond
	glance = 10 * time.Millisecond
	// longest is how long that may take.
	longest = 3 * time.Second
)

// justOpened waits until the circuit is open and no probe will be due for a moment, so that
// none changes its state while the rules change, and returns its state. What must hold of
// it is checked with the phase.
func justOpened(ctx context.Context, b *breaker.Breaker) (breaker.State, error) {
	for range longest / glance {
		if s := b.Snapshot(); s.State == breaker.Open && time.Until(s.RetryAt) > moment {
			break
		}
		select {
		case <-time.After(glance):
		case <-ctx.Done():
			return b.State(), context.Cause(ctx)
		}
	}
	return b.State(), nil
}

// with returns the rules with one more.
func (o *operator) with(rule string) []byte { return append(bytes.Clone(o.rules), rule...) }

// circuit returns the breaker in front of alerts.
func (o *operator) circuit() (*breaker.Breaker, bool) {
	for _, s := range page.Guarded() {
		if s.Name == page.Alerts {
			return guards.Find[*breaker.Breaker](o.system.Guard(), s)
		}
	}
	return nil, false
}
