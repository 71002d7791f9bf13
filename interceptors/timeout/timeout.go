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
type Timeout struct{ config atomic.Pointer[Config] }

// New returns a timeout, or all faults of cfg, joined.
func New(cfg Config) (*Timeout, error) {
	t := new(Timeout)
	if err := t.Update(cfg); err != nil {
		return nil, err
	}
	return t, nil
}

// Config returns the configuration in force.
func (t *Timeout) Config() Config { return *t.config.Load() }

// Update changes the configuration for future calls. On an error, which names
// all faults, nothing changes.
func (t *Timeout) Update(cfg Config) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	t.config.Store(&cfg)
	return nil
}

// Layer puts timeouts outermost.
func (*Timeout) Layer() policy.Layer { return policy.LayerTimeout }

// Idle returns true: a timeout remembers nothing.
func (*Timeout) Idle() bool { return true }

// Acquire admits every call, with a context that ends when its time is up. It
// never blocks.
func (t *Timeout) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	cfg := t.config.Load()
	if call.Shape.Streams() {
		return newStream(ctx, cfg, call), nil
	}
	return bounded(ctx, cfg, call), nil
}

// bounded returns the permit of a unary call, with an earlier deadline if need be.
func bounded(ctx context.Context, cfg *Config, call *policy.Call) policy.Permit {
	limit := cfg.Max
	deadline, hasDeadline := ctx.Deadline()
	if !hasDeadline && cfg.Default > 0 {
		limit = cfg.Default
	}
	if limit == 0 {
		return policy.Permit{}
	}
	if hasDeadline && policy.InstantOf(deadline).Sub(call.Now()) <= limit {
		return policy.Permit{}
	}
	shorter, cancel := context.WithTimeout(ctx, limit)
	call.Context = shorter
	return policy.Permit{Settler: release(cancel)}
}

// release is the settler of a call whose context is to be released.
type release context.CancelFunc

// Settle releases the context.
func (r release) Settle(uint64, *policy.Outcome) { r() }

// Each returns a template of timeouts for the methods that a rule matches. Bad
// configuration is reported when the rules are built, and so is a shadow rule,
// because a timeout cannot only watch.
func Each(cfg Config) rules.Template {
	// A timeout counts nothing, so one serves all keys and need not be kept when
	// the rules change.
	t, err := New(cfg)
	return rules.TemplateOf(kind, cfg,
		func(key rules.Key) (*Timeout, error) {
			return t, errors.Join(err, validate.Enforced(kind, key.Shadow))
		}, nil,
	).Per(rules.PerTarget)
}
