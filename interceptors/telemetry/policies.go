package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// policies are the instruments of the policies of all sides.
type policies [policy.Local + 1]*policyMetrics

// policyMetrics is the instruments of the policies on one side.
type policyMetrics struct {
	late        metric.Int64Counter
	transitions metric.Int64Counter

	options     *memo[policyID, []metric.AddOption]
	moveOptions *memo[moveID, []metric.AddOption]
	// sets are those of the observable instruments, see [gauges].
	sets *memo[policyID, *gaugeSets]
}

// newPolicyMetrics makes the instruments of one side.
func newPolicyMetrics(m *maker, on policy.Side) *policyMetrics {
	prefix := "afloat." + on.String() + "."
	return &policyMetrics{
		late: m.counter(prefix+"late_results", "{result}", "Calls that ended after the state of the circuit they were admitted in had passed."),
		transitions: m.counter(prefix+"circuit_breaker.transitions", "{transition}",
			"Changes of the states of circuits."),

		options:     newMemo(policyID.nameless, func(id policyID) []metric.AddOption { return adding(id.attributes()...) }),
		moveOptions: newMemo(moveID.nameless, func(id moveID) []metric.AddOption { return adding(id.attributes()...) }),
		sets:        newMemo(policyID.nameless, newGaugeSets),
	}
}

// transition counts a change of a circuit's state.
func (p *policyMetrics) transition(t policy.Transition) {
	id := moveID{newPolicyID(t.Kind, t.Name, t.Target, t.Shadow), kept(t.From), kept(t.To), kept(t.Cause)}
	p.transitions.Add(context.Background(), 1, p.moveOptions.of(id)...)
}

// lateResult counts a result that came after its state had passed.
func (p *policyMetrics) lateResult(l policy.Late) {
	p.late.Add(context.Background(), 1, p.options.of(newPolicyID(l.Kind, l.Name, l.Target, l.Shadow))...)
}

// transitionRecord returns what the log says of a change of a circuit's state.
func transitionRecord(t policy.Transition) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("policy", nameOf(t.Kind)), slog.String("name", nameOf(t.Name)), slog.String("side", t.Side.String()),
		slog.String("from", nameOf(t.From)), slog.String("to", nameOf(t.To)), slog.String("cause", nameOf(t.Cause)),
		slog.Int("calls", t.Calls), slog.Int("failures", t.Failures), slog.Int("slow", t.Slow), slog.Int("overdue", t.Overdue),
	}
	if t.By != "" {
		attrs = append(attrs, slog.String("by", nameOf(t.By)))
	}
	if t.Shadow {
		attrs = append(attrs, slog.Bool("shadow", true))
	}
	if t.Target != "" {
		attrs = append(attrs, slog.String("target", nameOf(t.Target)))
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

// newPolicyID returns the id of a policy, with names that can be kept.
func newPolicyID(kind, name, target string, shadow bool) policyID {
	return policyID{kept(kind), kept(name), kept(target), shadow}
}

// nameless returns the id of policies beyond the bound.
func (id policyID) nameless() policyID {
	return policyID{kind: id.kind, name: other, shadow: id.shadow}
}

// attributes names the policy. For observable instruments, the kind is left out: each
// of them is for one kind.
func (id policyID) attributes() []attribute.KeyValue {
	attrs := append(addressOf(id.target), policyNameKey.String(nameOf(id.name)))
	if id.kind != "" {
		attrs = append(attrs, policyKindKey.String(nameOf(id.kind)))
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
	return append(id.policy.attributes(), fromKey.String(nameOf(id.from)), toKey.String(nameOf(id.to)), causeKey.String(nameOf(id.cause)))
}
