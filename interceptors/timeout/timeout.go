package timeout

import (
	"context"
	"errors"
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
	owner  owner
	limits atomic.Pointer[limits]
}

// New returns a timeout, or all faults of cfg, joined.
func New(cfg Config) (*Timeout, error) { return newTimeout(cfg, owner{}) }

// newTimeout does what New does, for an owner.
func newTimeout(cfg Config, o owner) (*Timeout, error) {
	t := &Timeout{owner: o}
	if err := t.Update(cfg); err != nil {
		return nil, err
	}
	return t, nil
}

// Config returns the configuration in force.
func (t *Timeout) Config() Config { return t.limits.Load().Config }

// Update changes the configuration for future calls. On an error, which names
// all faults, nothing changes.
func (t *Timeout) Update(cfg Config) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	t.limits.Store(newLimits(cfg, t.owner))
	return nil
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
		return newStream(ctx, l, call), nil
	}
	return l.bounded(ctx, call), nil
}

// Each returns a template of timeouts for the methods that a rule matches. Bad
// configuration is reported when the rules are built, and so is a shadow rule,
// because a timeout cannot only watch.
func Each(cfg Config) rules.Template {
	// A timeout counts nothing, so one serves all keys of a rule and need not be kept
	// when the rules change.
	var last atomic.Pointer[Timeout]
	return rules.TemplateOf(kind, cfg,
		func(key rules.Key) (*Timeout, error) {
			o := ownerOf(key)
			if t := last.Load(); t != nil && t.owner == o {
				return t, validate.Enforced(kind, key.Shadow)
			}
			t, err := newTimeout(cfg, o)
			if err == nil {
				last.Store(t)
			}
			return t, errors.Join(err, validate.Enforced(kind, key.Shadow))
		}, nil,
	).Per(rules.PerTarget)
}
