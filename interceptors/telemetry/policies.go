package telemetry

import (
	"context"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// policies are the instruments of the policies of all sides.
type policies [policy.Local + 1]*policyMetrics

// policyMetrics is the instruments of the policies on one side.
type policyMetrics struct {
	late        metric.Int64Counter
	transitions metric.Int64Counter
	// The rest is observable.
	state           metric.Int64ObservableUpDownCounter
	bulkhead        bulkheads
	rateLimitQueued metric.Int64ObservableUpDownCounter

	options     *memo[policyID, []metric.AddOption]
	moveOptions *memo[moveID, []metric.AddOption]
	sets        *memo[policyID, *stateSets]
}

// bulkheads is the observable instruments of bulkheads.
type bulkheads struct {
	active, queued, limit metric.Int64ObservableUpDownCounter
}

// newPolicyMetrics makes the instruments of one side.
func newPolicyMetrics(m *maker, on policy.Side) *policyMetrics {
	prefix := "afloat." + on.String() + "."
	return &policyMetrics{
		late: m.counter(prefix+"late_results", "{result}", "Calls that ended after the state of the circuit they were admitted in had passed."),
		transitions: m.counter(prefix+"circuit_breaker.transitions", "{transition}",
			"Changes of the states of circuits."),
		state: m.observable(prefix+"circuit_breaker.state", "{circuit}", "Circuits in each state, 1 or 0 for one circuit."),
		bulkhead: bulkheads{
			active: m.observable(prefix+"bulkhead.active", "{call}", "Calls that hold a slot."),
			queued: m.observable(prefix+"bulkhead.queued", "{call}", "Calls that wait for a slot."),
			limit:  m.observable(prefix+"bulkhead.limit", "{call}", "Slots."),
		},
		rateLimitQueued: m.observable(prefix+"rate_limit.queued", "{call}", "Calls that wait for their turn."),

		options:     newMemo(policyID.nameless, func(id policyID) []metric.AddOption { return adding(id.attributes()...) }),
		moveOptions: newMemo(moveID.nameless, func(id moveID) []metric.AddOption { return adding(id.attributes()...) }),
		sets:        newMemo(policyID.nameless, newStateSets),
	}
}

// observables returns the instruments that are read when metrics are collected.
func (p *policyMetrics) observables() []metric.Observable {
	return []metric.Observable{p.state, p.bulkhead.active, p.bulkhead.queued, p.bulkhead.limit, p.rateLimitQueued}
}

// transition counts a change of a circuit's state.
func (p *policyMetrics) transition(t policy.Transition) {
	id := moveID{policyID{t.Kind, t.Name, t.Target, t.Shadow}, t.From, t.To, t.Cause}
	p.transitions.Add(context.Background(), 1, p.moveOptions.of(id)...)
}

// lateResult counts a result that came after its state had passed.
func (p *policyMetrics) lateResult(l policy.Late) {
	p.late.Add(context.Background(), 1, p.options.of(policyID{l.Kind, l.Name, l.Target, l.Shadow})...)
}

// look adds the present state of one policy to what was found.
func (p *policyMetrics) look(found sums, l rules.Live) {
	if !visible(l.Policy) || !found.first(l) {
		return
	}
	id := policyID{target: l.Target}
	switch live := l.Policy.(type) {
	case *breaker.Breaker:
		snap := live.Snapshot()
		id.name, id.shadow = snap.Name, snap.Mode == breaker.Shadow
		for state, set := range p.sets.of(id).states {
			found.add(p.state, set, oneIf(breaker.State(state) == snap.State))
		}
	case *bulkhead.Bulkhead:
		snap := live.Snapshot()
		id.name, id.shadow = snap.Name, live.Config().Shadow
		set := p.sets.of(id).plain
		found.add(p.bulkhead.active, set, int64(snap.InFlight))
		found.add(p.bulkhead.queued, set, int64(snap.Waiting))
		found.add(p.bulkhead.limit, set, int64(snap.MaxConcurrent))
	case *ratelimit.Limiter:
		snap := live.Snapshot()
		id.name, id.shadow = snap.Name, live.Config().Shadow
		found.add(p.rateLimitQueued, p.sets.of(id).plain, int64(snap.Waiting))
	}
}

// visible reports whether a policy has metrics of its present state.
func visible(p policy.Policy) bool {
	switch p := p.(type) {
	case *breaker.Breaker:
		return p != nil
	case *bulkhead.Bulkhead:
		return p != nil
	case *ratelimit.Limiter:
		return p != nil
	default:
		return false
	}
}

// oneIf returns 1 if b, else 0.
func oneIf(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// transitionRecord returns what the log says of a change of a circuit's state.
func transitionRecord(t policy.Transition) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("policy", t.Kind), slog.String("name", text(t.Name)), slog.String("side", t.Side.String()),
		slog.String("from", t.From), slog.String("to", t.To), slog.String("cause", t.Cause),
		slog.Int("calls", t.Calls), slog.Int("failures", t.Failures), slog.Int("slow", t.Slow), slog.Int("overdue", t.Overdue),
	}
	if t.Shadow {
		attrs = append(attrs, slog.Bool("shadow", true))
	}
	if t.Target != "" {
		attrs = append(attrs, slog.String("target", text(t.Target)))
	}
	if t.Until != 0 {
		attrs = append(attrs, slog.Duration("for", t.Until.Sub(t.At)))
	}
	return attrs
}

// policyID is one policy.
type policyID struct {
	kind, name, target string
	shadow             bool
}

// nameless returns the id of policies beyond the bound.
func (id policyID) nameless() policyID {
	return policyID{kind: id.kind, name: other, shadow: id.shadow}
}

// attributes names the policy. For observable instruments, the kind is left out: each
// of them is for one kind.
func (id policyID) attributes() []attribute.KeyValue {
	attrs := append(addressOf(id.target), policyNameKey.String(text(id.name)))
	if id.kind != "" {
		attrs = append(attrs, policyKindKey.String(id.kind))
	}
	if id.shadow {
		attrs = append(attrs, policyShadowKey.Bool(true))
	}
	return attrs
}

// moveID is a change of a policy's state.
type moveID struct {
	policy          policyID
	from, to, cause string
}

// nameless returns the id of such a change of policies beyond the bound.
func (id moveID) nameless() moveID {
	id.policy = id.policy.nameless()
	return id
}

// attributes names the policy and its change.
func (id moveID) attributes() []attribute.KeyValue {
	return append(id.policy.attributes(), fromKey.String(id.from), toKey.String(id.to), causeKey.String(id.cause))
}

// stateSets are the attributes of the observable instruments of a policy.
type stateSets struct {
	plain  attribute.Set
	states [breaker.Disabled + 1]attribute.Set
}

// newStateSets makes the attributes of a policy.
func newStateSets(id policyID) *stateSets {
	attrs := id.attributes()
	s := &stateSets{plain: attribute.NewSet(attrs...)}
	for state := range s.states {
		s.states[state] = attribute.NewSet(append(slices.Clip(attrs), stateKey.String(breaker.State(state).String()))...)
	}
	return s
}
