package fault

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Fault is a [policy.Policy] that injects faults. It is safe for concurrent use.
// Make one with [New]; the zero Fault must not be used.
type Fault struct {
	config atomic.Pointer[Config]
	rand   func() float64

	active           atomic.Int64
	delayed, aborted atomic.Uint64
}

// New returns a fault policy, or all faults of cfg and opts, joined.
func New(cfg Config, opts ...Option) (*Fault, error) {
	f := &Fault{rand: rand.Float64}
	if err := errors.Join(f.Update(cfg), validate.Options("fault", opts)); err != nil {
		return nil, err
	}
	for _, o := range opts {
		o.apply(f)
	}
	return f, nil
}

// Each returns a template that makes one fault policy per key: per method and
// target, unless another scope is set with [rules.Template.Per]. Bad
// configuration is reported when the rules are built, and so is a shadow rule,
// because a fault cannot only watch. A change of the rules also changes the
// faults that have not struck yet. To switch faults at run time without changing
// the rules, make a Fault with [New] and put it into rules with rules.Use.
func Each(cfg Config, opts ...Option) rules.Template {
	return rules.Template{
		Kind: "fault", Config: cfg.withDefaults(),
		New: func(key rules.Key) (policy.Policy, error) {
			f, err := New(cfg, opts...)
			if err := errors.Join(err, checkShadow(key)); err != nil {
				return nil, err
			}
			return f, nil
		},
		Update: func(_ rules.Key, p policy.Policy) error {
			f, ok := p.(*Fault)
			switch {
			case !ok:
				return errOther
			case f.Config() == cfg.withDefaults():
				return nil // streams that await their fault go on to do so
			default:
				return f.Update(cfg)
			}
		},
	}
}

// checkShadow refuses a shadow rule.
func checkShadow(key rules.Key) error {
	f := validate.Of("fault")
	f.Require(!key.Shadow, "shadow", key.Shadow, "false for the rule: a fault cannot only watch")
	return f.Err()
}

// errOther says that a policy is not one that a template would make.
var errOther = errors.New("fault: the policy injects no faults")

// Update changes the faults; the zero Config switches them off. Delays under way
// run to their end. Streams that are already open get no fault any more, even if
// one was due after some messages. On an error, which names all faults of cfg,
// nothing changes.
func (f *Fault) Update(cfg Config) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	cfg = cfg.withDefaults()
	f.config.Store(&cfg)
	return nil
}

// Layer puts faults innermost.
func (*Fault) Layer() policy.Layer { return policy.LayerFault }

// Idle reports whether no fault is being injected at the moment.
func (f *Fault) Idle() bool { return f.active.Load() == 0 }

// Acquire delays or fails the call, or both, if chance says so. It blocks for
// the delay, or until ctx ends. Its error is a status: that of the abort, that
// of the policy that ended ctx, or the one that gRPC gives when ctx itself ends.
//
// The permit does not report the delay as waiting: it stands for the
// dependency's time.
func (f *Fault) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	cfg := f.config.Load()
	if cfg.never() {
		return policy.Permit{}, nil
	}
	h := f.throw(ctx, cfg, call.Side)
	switch {
	case h.nothing():
		return policy.Permit{}, nil
	case call.Shape.Streams() && cfg.AfterMessages > 0:
		return f.lurk(ctx, h), nil
	default:
		return policy.Permit{}, f.inject(ctx, h)
	}
}
