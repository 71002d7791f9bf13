package timeout

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// kind is what faults of a configuration call this policy.
const kind = "timeout"

// Timeout is a [policy.Policy] that bounds how long calls take. It is safe for
// concurrent use. Make one with [New]; the zero Timeout must not be used.
type Timeout struct {
	limits atomic.Pointer[limits]

	mu  sync.Mutex // held to change what follows, and limits
	own *limits    // by the configuration
	// byHand is what an operator has put in force.
	byHand policy.Directive
}

// New returns a timeout, or all faults of cfg, joined.
func New(cfg Config) (*Timeout, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return newTimeout(newLimits(cfg, owner{})), nil
}

// newTimeout returns a timeout with limits that others may share.
func newTimeout(l *limits) *Timeout {
	t := &Timeout{own: l}
	t.limits.Store(l)
	return t
}

// Config returns the configuration. What an operator overrides of it is not in it.
func (t *Timeout) Config() Config {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.own.Config
}

// Update changes the configuration for future calls. On an error, which names
// all faults, nothing changes.
func (t *Timeout) Update(cfg Config) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.own = newLimits(cfg, t.own.owner)
	t.limits.Store(t.own.under(t.byHand))
	return nil
}

// Override implements [policy.Overridable]. A timeout can be disabled for future calls.
func (t *Timeout) Override(d policy.Directive) bool {
	if d != (policy.Directive{}) && d != (policy.Directive{Action: policy.Disable}) {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byHand = d
	t.limits.Store(t.own.under(d))
	return true
}

// Overridden implements [policy.Overridable].
func (t *Timeout) Overridden() policy.Directive {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byHand
}

// Layer puts timeouts outermost.
func (*Timeout) Layer() policy.Layer { return policy.LayerTimeout }

// Idle returns true: a timeout remembers nothing.
func (*Timeout) Idle() bool { return true }

// Acquire admits every call, with a context that ends when its time is up. It
// never blocks.
func (t *Timeout) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	l := t.limits.Load()
	if call.Shape.Streams() {
		call.Notes |= l.notes
		return newStream(ctx, l, call), nil
	}
	return l.bounded(ctx, call), nil
}

// Each returns a template of timeouts for the methods that a rule matches. Bad
// configuration is reported when the rules are built, and so is a shadow rule,
// because a timeout cannot only watch.
func Each(cfg Config) rules.Template {
	fault := cfg.validate()
	return rules.TemplateOf(kind, cfg,
		func(key rules.Key) (*Timeout, error) {
			if err := errors.Join(fault, validate.Enforced(kind, key.Shadow)); err != nil {
				return nil, err
			}
			return newTimeout(newLimits(cfg, ownerOf(key))), nil
		}, nil,
	).Per(rules.PerTarget)
}
