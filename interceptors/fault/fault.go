package fault

import (
	"context"
	"math/rand/v2"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Fault injects faults. It is safe for concurrent use. Make one with [New]; the
// zero Fault is of no use.
type Fault struct {
	config atomic.Pointer[Config]
	rand   func() float64

	active           atomic.Int64
	delayed, aborted atomic.Uint64
}

// Option is code that a Fault uses.
type Option interface{ apply(*Fault) }

type randOption func() float64

func (o randOption) apply(f *Fault) {
	if o != nil {
		f.rand = o
	}
}

// WithRand throws the dice by f, which returns numbers in [0, 1) and must be
// safe for concurrent use. Default: math/rand/v2. Nil: the default.
func WithRand(f func() float64) Option { return randOption(f) }

// New returns a fault policy, or all faults of cfg.
func New(cfg Config, opts ...Option) (*Fault, error) {
	f := &Fault{rand: rand.Float64}
	if err := f.Update(cfg); err != nil {
		return nil, err
	}
	for _, o := range opts {
		if o != nil {
			o.apply(f)
		}
	}
	return f, nil
}

// Each makes one fault policy for each method that a rule meets. To switch
// faults at run time make one with [New] and put it in rules by policy.Use.
func Each(cfg Config, opts ...Option) policy.Template {
	return policy.Template{New: func(policy.Key) (policy.Policy, error) {
		f, err := New(cfg, opts...)
		if err != nil {
			return nil, err
		}
		return f, nil
	}}
}

// Update changes the faults of calls to come; the zero Config switches them
// off. Delays under way run on. On an error, which names all faults of cfg,
// nothing changes.
func (f *Fault) Update(cfg Config) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	if cfg.Message == "" {
		cfg.Message = defaultMessage
	}
	f.config.Store(&cfg)
	return nil
}

// Layer puts faults innermost.
func (*Fault) Layer() policy.Layer { return policy.LayerFault }

// Idle reports whether no call is being delayed.
func (f *Fault) Idle() bool { return f.active.Load() == 0 }

// Acquire delays and fails the call if the dice say so.
func (f *Fault) Acquire(ctx context.Context, call policy.Call) (policy.Permit, error) {
	cfg := f.config.Load()
	if cfg.never() {
		return policy.Permit{}, nil
	}
	hit := f.throw(ctx, cfg, call)
	switch {
	case hit.nothing():
		return policy.Permit{}, nil
	case call.Kind.Streams() && cfg.AfterMessages > 0:
		s := &stream{fault: f, ctx: ctx, hit: hit}
		s.left.Store(int64(cfg.AfterMessages))
		return policy.Permit{Settler: s, Wants: policy.WantsMessages}, nil
	default:
		return policy.Permit{}, f.inject(ctx, hit)
	}
}

// stream is the settler of a stream that is hit later.
type stream struct {
	fault *Fault
	ctx   context.Context //nolint:containedctx // the stream's own, for as long as it lives
	hit   hit
	left  atomic.Int64
}

// Message counts down, and injects the fault at the last message.
func (s *stream) Message(uint64, policy.Direction) error {
	if s.left.Add(-1) != 0 {
		return nil
	}
	return s.fault.inject(s.ctx, s.hit)
}

// Settle does nothing: a stream that ended before its fault has none.
func (*stream) Settle(uint64, policy.Outcome) {}

// Snapshot is a fault policy at one moment, for display.
type Snapshot struct {
	// Active is the number of calls that are being delayed.
	Active int
	// Delayed and Aborted count the calls so far.
	Delayed, Aborted uint64
}

// Snapshot returns the counts as they are now.
func (f *Fault) Snapshot() Snapshot {
	return Snapshot{Active: int(f.active.Load()), Delayed: f.delayed.Load(), Aborted: f.aborted.Load()}
}
