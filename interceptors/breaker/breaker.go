package breaker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/internal/chance"
)

// ErrOpen is wrapped by every refusal by a breaker: the circuit is open, or
// half-open with all probes in flight.
var ErrOpen = errors.New("breaker: open")

// kind is what rejections and reports call this policy.
const kind = "breaker"

//nolint:gochecknoglobals // never written
var (
	refuser       = policy.Refuser{Kind: kind, Reason: policy.ReasonCircuitOpen, Err: ErrOpen}
	refuserByHand = policy.Refuser{Kind: kind, Reason: policy.ReasonCircuitOpen, Err: fmt.Errorf("%w by an operator", ErrOpen)}
)

// Breaker is a [policy.Policy] that is a circuit breaker. It is safe for
// concurrent use. Make one with [New]; the zero Breaker must not be used.
//
// Every change of state goes through enterLocked: under the lock, and only from the
// phase that asked for it, so that no two goroutines make the same change.
type Breaker struct {
	// calm is the phase while the breaker is closed, else nil: nearly every call
	// meets this state, so it can be read directly.
	calm     atomic.Pointer[closed]
	settings atomic.Pointer[settings]
	current  atomic.Pointer[stay]
	late     atomic.Uint64
	refused  atomic.Uint64
	chance   chance.Source
	learned  learned
	usual    usual
	lost     lost
	name     string
	observer policy.Observer

	mu       sync.Mutex // held to change current and settings
	byHand   *byHand    // nil: nothing is overridden
	pace     pace
	shedding shedding
	reports  reports
}

// New returns a closed breaker, or one forced by cfg.Mode; or all faults of cfg
// and opts, joined.
func New(cfg Config, opts ...Option) (*Breaker, error) {
	o := optionsOf(opts)
	s, err := newSettings(cfg, o.classifier)
	if err := errors.Join(err, validate.Options(kind, opts)); err != nil {
		return nil, err
	}
	return newBreaker(s, o), nil
}

// Layer puts breakers outside bulkheads and rate limits.
func (*Breaker) Layer() policy.Layer { return policy.LayerBreaker }

// Config returns the configuration, with its defaults filled in. What an operator
// overrides of it is not in it.
func (b *Breaker) Config() Config {
	b.mu.Lock()
	defer b.mu.Unlock()
	return ownLocked(b).Config
}

// State returns the state that calls see now. It may be [HalfOpen] before any transition
// to that is reported: once a probe is due or under way, a circuit is not simply open.
func (b *Breaker) State() State { return shown(b.current.Load().phase, policy.Now()) }

// WouldAdmit reports whether a call would be let in now, for whoever has a choice, as a
// router does. It lets nothing in and takes nobody's place; another call may come first.
// In mode Shadow, in which all are let in, it tells what would be.
func (b *Breaker) WouldAdmit() bool { return b.current.Load().phase.wouldAdmit(policy.Now()) }

// Idle reports whether the breaker can be dropped and made anew without loss:
// for a whole Window no call has ended, no open time has run and no probe has
// been made or shed, and no call that is judged by time is in flight. Shed calls count
// for a minute. A breaker that is forced open or closed is never idle.
func (b *Breaker) Idle() bool {
	return b.current.Load().phase.idle(policy.Instant(b.settings.Load().Window))
}

// Snapshot returns the breaker's present state and counts.
func (b *Breaker) Snapshot() Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	stay := b.current.Load()
	snap := Snapshot{
		Name: b.name, State: shown(stay.phase, policy.Now()), Mode: b.settings.Load().Mode,
		Since: stay.since.Time(), Rejected: b.refused.Load(), Late: b.late.Load(),
		Usual: b.learned.usually(), Recent: b.learned.recently(),
	}
	stay.phase.describe(&snap)
	return snap
}

// Gauges implements [policy.Gauged]. It shows the state, and how long calls take.
func (b *Breaker) Gauges(g *policy.Gauges) {
	g.Name, g.Shadow, g.All = b.name, b.shadow(), appendGauges(g.All, b.State(), &b.learned)
}

// Acquire admits the call, or refuses it with a *policy.Rejection that wraps
// [ErrOpen]. It never blocks.
func (b *Breaker) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	if c := b.calm.Load(); c != nil {
		if s := c.slowed.Load(); s != nil && policy.HasAlternative(ctx) {
			if err := s.refuse(call); err != nil {
				return policy.Permit{}, err
			}
		}
		if permit, passed := c.let(call); !passed {
			return permit, nil
		}
	}
	for {
		permit, passed, err := b.current.Load().phase.admit(ctx, call)
		if !passed {
			return permit, err
		}
	}
}

// refuse refuses a call that may be tried again at retry, or admits it with a
// note if the breaker only watches.
func (b *Breaker) refuse(call *policy.Call, retry time.Time) error {
	b.refused.Add(1)
	s := b.settings.Load()
	call.Notes |= s.notes
	switch {
	case s.Mode == Shadow:
		call.Notes |= policy.NoteShadowed
		return nil
	case s.notes != 0:
		return refuserByHand.Refuse(call, b.name, retry)
	default:
		return refuser.Refuse(call, b.name, retry)
	}
}

// shadow reports whether the breaker only watches.
func (b *Breaker) shadow() bool { return b.settings.Load().Mode == Shadow }

// isCurrent reports whether p is what the breaker is in now. A closed phase goes on while
// its dependency is slow.
func (b *Breaker) isCurrent(p phase) bool {
	current := b.current.Load().phase
	if s, ok := current.(*slowed); ok {
		return p == s.closed || p == s
	}
	return current == p
}

// Update changes the configuration of a breaker in use and keeps its state.
// Thresholds, open times and probes change in place: an open circuit waits for its next
// probe no longer than the new OpenFor, and closes if what opened it is switched off. A
// change of the window empties it; a change of SlowAfter forgets the calls in flight. A
// change of Mode works as in [Breaker.SetMode]. On an error, which names all faults,
// nothing changes.
func (b *Breaker) Update(cfg Config) error {
	return b.change(func(old *settings) (*settings, error) { return newSettings(cfg, old.classifier) })
}

// SetMode changes the breaker's mode. Forcing it open or closed discards its
// counts; leaving a forced mode closes it with an empty window. Changing between
// Automatic and Shadow keeps everything. An unknown mode is an error and changes
// nothing.
func (b *Breaker) SetMode(m Mode) error {
	return b.change(func(old *settings) (*settings, error) {
		cfg := old.Config
		cfg.Mode = m
		return newSettings(cfg, old.classifier)
	})
}

// use replaces the settings with s, unless they are equal.
func (b *Breaker) use(s *settings) {
	_ = b.change(func(old *settings) (*settings, error) { // s is valid
		if old.Config == s.Config && old.classifier == nil && s.classifier == nil {
			return old, nil
		}
		return s, nil
	})
}

// change replaces the settings with what to makes of them. What is overridden stays so.
func (b *Breaker) change(to func(old *settings) (*settings, error)) error {
	b.mu.Lock()
	old := ownLocked(b)
	s, err := to(old)
	if err == nil && s != old {
		updateLocked(b, b.byHand.hide(s))
	}
	b.mu.Unlock()
	b.deliver()
	return err
}

// Override implements [policy.Overridable]. A breaker can be forced open or closed, and
// disabled. What is forced open comes back as after an outage, with a growing share of the
// calls. The observer hears of the change soon after.
func (b *Breaker) Override(d policy.Directive) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	ok := overrideLocked(b, d)
	if len(b.reports.queued) > 0 {
		go b.deliver()
	}
	return ok
}

// Overridden implements [policy.Overridable].
func (b *Breaker) Overridden() policy.Directive {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byHand == nil {
		return policy.Directive{}
	}
	return b.byHand.directive
}

// Trip opens the breaker as evidence would, whatever it has seen: it refuses calls, sends
// probes and recovers by itself. It reports false, and changes nothing, if the breaker is
// open already, or forced.
func (b *Breaker) Trip() bool {
	b.mu.Lock()
	defer b.deliver()
	defer b.mu.Unlock()
	return tripLocked(b, policy.Now())
}

// Reset forgets what the breaker has seen and learned, and closes it. Calls that are under
// way are not judged. What is forced stays forced, and begins anew afterwards. Its counts of
// refusals and late outcomes go on.
func (b *Breaker) Reset() {
	b.mu.Lock()
	defer b.deliver()
	defer b.mu.Unlock()
	resetLocked(b, policy.Now())
}

// trip opens the breaker if it is still in from. In any case from has passed then.
func (b *Breaker) trip(from *closed, o opening) {
	b.mu.Lock()
	if b.isCurrent(from) {
		o.from = from
		openLocked(b, o)
	}
	b.mu.Unlock()
	b.deliver()
}

// enterLocked makes p current and queues the report of it. The first phase of
// a breaker is no transition.
func (b *Breaker) enterLocked(p phase, cause string, f figures, at, until policy.Instant) {
	switch p := p.(type) {
	case *closed:
		b.calm.Store(p)
	case *slowed:
		b.calm.Store(p.closed)
	default:
		b.calm.Store(nil)
	}
	was := b.current.Swap(&stay{phase: p, since: at})
	if was == nil {
		return
	}
	b.reports.queueLocked(policy.Transition{
		Kind: kind, Name: b.name, Side: policy.Local, Cause: cause,
		Shadow: b.shadow(),
		From:   was.phase.state().String(), To: p.state().String(),
		At: at, Until: until,
		Calls: f.Calls, Failures: f.Failures, Slow: f.Slow, Overdue: f.overdue, By: f.by,
	})
}

// reportLate counts a success or a failure of a call whose state has passed.
func (b *Breaker) reportLate(v policy.Verdict, o *policy.Outcome) {
	if v != policy.Success && v != policy.Failure {
		return
	}
	b.late.Add(1)
	b.observer.Late(policy.Late{
		Kind: kind, Name: b.name, Side: policy.Local, Shadow: b.shadow(), Verdict: v, Outcome: *o,
	})
}

// deliver hands over all queued transitions. The lock must not be held.
func (b *Breaker) deliver() { b.reports.deliver(&b.mu, b.observer) }
