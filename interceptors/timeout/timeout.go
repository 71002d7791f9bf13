package timeout

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Timeout bounds calls. It is safe for concurrent use. Make one with [New]; the
// zero Timeout is of no use.
type Timeout struct{ config atomic.Pointer[Config] }

// New returns a timeout, or all faults of cfg.
func New(cfg Config) (*Timeout, error) {
	t := new(Timeout)
	if err := t.Update(cfg); err != nil {
		return nil, err
	}
	return t, nil
}

// Each makes timeouts for the methods that a rule meets. Bad configuration is
// reported when the rules are built, and so is a shadow rule: a timeout cannot only
// watch.
func Each(cfg Config) policy.Template {
	// Nothing is counted, so one serves all, and there is nothing to keep when the
	// rules change.
	t, err := New(cfg)
	return policy.Template{
		Kind: "timeout", Config: cfg, Scope: policy.PerTarget,
		New: func(key policy.Key) (policy.Policy, error) {
			if err := errors.Join(err, checkShadow(key)); err != nil {
				return nil, err
			}
			return t, nil
		},
	}
}

// checkShadow refuses a shadow rule.
func checkShadow(key policy.Key) error {
	f := validate.Of("timeout")
	f.Require(!key.Shadow, "shadow", key.Shadow, "false for the rule: a timeout cannot only watch")
	return f.Err()
}

// Config returns the configuration in force.
func (t *Timeout) Config() Config { return *t.config.Load() }

// Update changes the configuration for calls to come. On an error, which names
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

// Idle is always true: a timeout remembers nothing.
func (*Timeout) Idle() bool { return true }

// Acquire admits every call, with a context that ends in time.
func (t *Timeout) Acquire(ctx context.Context, call policy.Call) (policy.Permit, error) {
	cfg := t.config.Load()
	if call.Kind.Streams() {
		return cfg.stream(ctx, call), nil
	}
	return cfg.unary(ctx, call), nil
}

// unary bounds a unary call.
func (c *Config) unary(ctx context.Context, call policy.Call) policy.Permit {
	limit := c.Max
	deadline, hasDeadline := ctx.Deadline()
	if !hasDeadline && c.Default > 0 {
		limit = c.Default
	}
	if limit == 0 {
		return policy.Permit{}
	}
	var now policy.Instant
	if hasDeadline {
		now = call.Begin.OrNow()
		if policy.InstantOf(deadline).Sub(now) <= limit {
			return policy.Permit{At: now}
		}
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	return policy.Permit{Context: bounded, Settler: release(cancel), At: now}
}

// release is the settler of a call whose context is to be released.
type release context.CancelFunc

// Settle releases the context.
func (r release) Settle(uint64, policy.Outcome) { r() }
