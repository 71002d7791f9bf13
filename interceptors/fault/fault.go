package fault

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// kind is what faults of a configuration call this policy.
const kind = "fault"

// Fault is a [policy.Policy] that injects faults. It is safe for concurrent use.
// Make one with [New]; the zero Fault must not be used.
type Fault struct {
	config atomic.Pointer[Config] // in force
	rand   func() float64

	mu  sync.Mutex // held to change what follows, and config
	own Config     // what it is to be without the directive
	// byHand is what an operator has put in force.
	byHand policy.Directive

	active           atomic.Int64
	delayed, aborted atomic.Uint64
}

// New returns a fault policy, or all faults of cfg and opts, joined.
func New(cfg Config, opts ...Option) (*Fault, error) {
	f := &Fault{rand: rand.Float64}
	if err := errors.Join(f.Update(cfg), validate.Options(kind, opts)); err != nil {
		return nil, err
	}
	for _, o := range opts {
		o.apply(f)
	}
	return f, nil
}

// Config returns the configuration, with the default message filled in. What an operator
// overrides of it is not in it.
func (f *Fault) Config() Config {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.own
}

// Update changes the faults; the zero Config switches them off. Delays under way
// run to their end. Streams that are already open get no fault any more, even if
// one was due after some messages. On an error, which names all faults of cfg,
// nothing changes.
func (f *Fault) Update(cfg Config) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.own = cfg.withDefaults()
	f.enforceLocked()
	return nil
}

// Override implements [policy.Overridable]. A fault policy can be disabled, which works as
// the zero Config does.
func (f *Fault) Override(d policy.Directive) bool {
	if d != (policy.Directive{}) && d != (policy.Directive{Action: policy.Disable}) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if d != f.byHand {
		f.byHand = d
		f.enforceLocked()
	}
	return true
}

// Overridden implements [policy.Overridable].
func (f *Fault) Overridden() policy.Directive {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.byHand
}

// enforceLocked puts the own configuration in force, or none under a directive.
func (f *Fault) enforceLocked() {
	cfg := f.own
	if f.byHand.Action == policy.Disable {
		cfg = Config{}.withDefaults()
	}
	f.config.Store(&cfg)
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
	in := f.draw(ctx, cfg, call.Side)
	switch {
	case in.empty():
		return policy.Permit{}, nil
	case call.Shape.Streams() && cfg.AfterMessages > 0:
		return newStream(ctx, f, in), nil
	default:
		return policy.Permit{}, f.inject(ctx, in)
	}
}

// draw decides by chance what is injected into a call, a delay and an abort each on
// its own.
func (f *Fault) draw(ctx context.Context, cfg *Config, side policy.Side) injection {
	may := spec{delay: cfg.Delay, delayShare: cfg.DelayShare, abort: cfg.Abort, abortShare: cfg.AbortShare}
	if cfg.Headers {
		may = specOf(ctx, side, cfg)
	}
	in := injection{cfg: cfg}
	if f.chance(may.delayShare) {
		in.delay = may.delay
	}
	if f.chance(may.abortShare) {
		in.abort = may.abort
	}
	return in
}

// chance returns true for the given share of its calls.
func (f *Fault) chance(share float64) bool { return share > 0 && f.rand() < share }

// inject delays the call and then fails it, as was drawn. Its error ends the call.
func (f *Fault) inject(ctx context.Context, in injection) error {
	if !f.enter(in.cfg.MaxActive) {
		return nil
	}
	defer f.active.Add(-1)
	if in.delay > 0 {
		f.delayed.Add(1)
		if err := wait(ctx, in.delay); err != nil {
			return err
		}
	}
	if in.abort == codes.OK {
		return nil
	}
	f.aborted.Add(1)
	return in.err()
}

// enter counts a fault as active, unless there are as many as may be.
func (f *Fault) enter(most int) bool {
	for {
		n := f.active.Load()
		if most > 0 && n >= int64(most) {
			return false
		}
		if f.active.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Snapshot returns the present counts.
func (f *Fault) Snapshot() Snapshot {
	return Snapshot{Active: int(f.active.Load()), Delayed: f.delayed.Load(), Aborted: f.aborted.Load()}
}

// Snapshot is a fault policy at one moment, for display.
type Snapshot struct {
	// Active is the number of calls that are under a fault now.
	Active int
	// Delayed and Aborted count the calls so far. A call that was both delayed and
	// aborted counts in both.
	Delayed, Aborted uint64
}
