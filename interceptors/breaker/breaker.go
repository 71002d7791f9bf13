package breaker

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Breaker is a [policy.Policy] that is a circuit breaker. It is safe for
// concurrent use. Make one with [New]; the zero Breaker must not be used.
type Breaker struct {
	name     string
	observer policy.Observer
	refuser  policy.Refuser

	settings atomic.Pointer[settings]
	current  atomic.Pointer[stay]
	// calm is the phase while the breaker is closed, else nil: nearly every call
	// meets this state, so it can be read directly.
	calm    atomic.Pointer[closed]
	late    atomic.Uint64
	refused atomic.Uint64

	mu      sync.Mutex // held to change current and settings
	backoff backoff
	reports reports
}

// settings are a valid Config with its zeros filled in, and what else may change.
type settings struct {
	Config

	failureRatio, slowRatio share
	classifier              policy.Classifier // nil: policy.Classify
}

// stay is one stay of the breaker in one state. The settler of a call is the
// stay in which it was admitted, so late results need no further check.
type stay struct {
	phase phase
	since policy.Instant
}

// phase is what a breaker does while in a state.
type phase interface {
	state() State
	// admit lets a call through, refuses it, or says that the state has passed and
	// that the next state must be asked.
	admit(call policy.Call) (p policy.Permit, passed bool, err error)
}

// New returns a closed breaker, or one forced by cfg.Mode; or all faults of cfg
// and opts, joined.
func New(cfg Config, opts ...Option) (*Breaker, error) {
	o := optionsOf(opts)
	s, err := newSettings(cfg, o.classifier)
	if err := errors.Join(err, validate.Options("breaker", opts)); err != nil {
		return nil, err
	}
	return newBreaker(s, o), nil
}

func newBreaker(s *settings, o options) *Breaker {
	b := &Breaker{name: o.name, observer: policy.Observe(o.observer)}
	b.refuser = policy.Refuser{
		Kind: "breaker", Name: b.name, Reason: policy.ReasonCircuitOpen, Err: ErrOpen,
	}
	b.settings.Store(s)
	b.enterModeLocked(s.Mode, policy.Now()) // nobody else has b yet
	return b
}

func newSettings(cfg Config, classifier policy.Classifier) (*settings, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &settings{cfg, shareOf(cfg.FailureRatio), shareOf(cfg.SlowRatio), classifier}, nil
}

// Layer puts breakers outside bulkheads and rate limits.
func (*Breaker) Layer() policy.Layer { return policy.LayerBreaker }

// Acquire admits the call, or refuses it with a *policy.Rejection that wraps
// [ErrOpen]. It never blocks.
func (b *Breaker) Acquire(_ context.Context, call policy.Call) (policy.Permit, error) {
	if c := b.calm.Load(); c != nil {
		if permit, passed, err := c.admit(call); !passed {
			return permit, err
		}
	}
	for {
		permit, passed, err := b.current.Load().phase.admit(call)
		if !passed {
			return permit, err
		}
	}
}

// refuse refuses a call that may be tried again at retry, or admits it with a
// note if the breaker only watches. now is zero if the clock was not read.
func (b *Breaker) refuse(call policy.Call, now policy.Instant, retry time.Time) (policy.Permit, error) {
	b.refused.Add(1)
	if b.shadow() {
		return policy.Permit{At: now, Notes: policy.NoteShadowed}, nil
	}
	return policy.Permit{At: now}, b.refuser.Refuse(call.Method, retry)
}

// verdict reads the end of a call. It may run a user's classifier, so the lock
// must not be held.
func (s *settings) verdict(o policy.Outcome) policy.Verdict {
	if s.classifier != nil && !o.Decided {
		return s.classifier.Verdict(o.Err)
	}
	return o.Verdict
}

// shadow reports whether the breaker only watches.
func (b *Breaker) shadow() bool { return b.settings.Load().Mode == Shadow }

// isCurrent reports whether p is what the breaker is in now.
func (b *Breaker) isCurrent(p phase) bool { return b.current.Load().phase == p }

// reportLate counts the outcome of a call whose state has passed.
func (b *Breaker) reportLate(v policy.Verdict, o policy.Outcome) {
	if v == policy.NotStarted || v == policy.Ignored {
		return
	}
	b.late.Add(1)
	b.observer.Late(policy.Late{
		Kind: "breaker", Name: b.name, Side: policy.Local, Shadow: b.shadow(), Verdict: v, Outcome: o,
	})
}
