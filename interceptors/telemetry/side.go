package telemetry

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// side is the instruments of calls on one side: those that a client makes, that a
// server answers, or that run under policy.Do. Their names contain the side.
type side struct {
	calls       metric.Int64Counter
	rejections  metric.Int64Counter
	shadowed    metric.Int64Counter
	waits       metric.Float64Histogram
	late        metric.Int64Counter
	leaked      metric.Int64Counter
	transitions metric.Int64Counter
	state       metric.Int64ObservableUpDownCounter
	bulkhead    bulkheads
	// rateLimitQueued is observable, like state and bulkhead.
	rateLimitQueued metric.Int64ObservableUpDownCounter

	said    *memo[callID, *callSaid]
	refused *memo[refusalID, *refusal]
	waited  *memo[waitID, []metric.RecordOption]
	named   *memo[policyID, []metric.AddOption]
	moved   *memo[moveID, []metric.AddOption]
	looked  *memo[policyID, *lookedAt]
}

// bulkheads is the observable instruments of bulkheads.
type bulkheads struct {
	active, queued, limit metric.Int64ObservableUpDownCounter
}

func newSide(m *maker, on policy.Side) *side {
	prefix := "afloat." + on.String() + "."
	return &side{
		calls:      m.counter(prefix+"calls", "{call}", "Calls that were let through, by how they ended for policies that count failures."),
		rejections: m.counter(prefix+"rejections", "{call}", "Calls that a policy refused."),
		shadowed:   m.counter(prefix+"shadow_rejections", "{call}", "Calls that were let through and that a policy which only watches would have refused."),
		waits:      m.seconds(prefix+"wait.duration", "How long calls were blocked by policies that have queues, where they were."),
		late:       m.counter(prefix+"late_results", "{result}", "Calls that ended after the state of the circuit they were admitted in had passed."),
		leaked:     m.counter(prefix+"leaked_streams", "{stream}", "Streams that were dropped without being ended, and were reaped."),
		transitions: m.counter(prefix+"circuit_breaker.transitions", "{transition}",
			"Changes of the states of circuits."),
		state: m.observable(prefix+"circuit_breaker.state", "{circuit}", "Circuits in each state, 1 or 0 for one circuit."),
		bulkhead: bulkheads{
			active: m.observable(prefix+"bulkhead.active", "{call}", "Calls that hold a place."),
			queued: m.observable(prefix+"bulkhead.queued", "{call}", "Calls that wait for a place."),
			limit:  m.observable(prefix+"bulkhead.limit", "{call}", "Places."),
		},
		rateLimitQueued: m.observable(prefix+"rate_limit.queued", "{call}", "Calls that wait for their turn."),

		said:    newMemo(callID.nameless, func(id callID) *callSaid { return newCallSaid(on, id) }),
		refused: newMemo(refusalID.nameless, func(id refusalID) *refusal { return newRefusal(on, id) }),
		waited: newMemo(waitID.nameless, func(id waitID) []metric.RecordOption {
			return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(id.attributes(on)...))}
		}),
		named:  newMemo(policyID.nameless, func(id policyID) []metric.AddOption { return adding(id.attributes()...) }),
		moved:  newMemo(moveID.nameless, func(id moveID) []metric.AddOption { return adding(id.attributes()...) }),
		looked: newMemo(policyID.nameless, newLookedAt),
	}
}

// callSaid is what is said of calls.
type callSaid struct {
	add   []metric.AddOption
	ended [policy.NotStarted + 1][]metric.AddOption // by their verdict
}

func newCallSaid(on policy.Side, id callID) *callSaid {
	c := &callSaid{add: adding(id.attributes(on)...)}
	for v := range c.ended {
		c.ended[v] = adding(append(id.attributes(on), verdictKey.String(policy.Verdict(v).String()))...)
	}
	return c
}

// waitID is a call and where it waited.
type waitID struct {
	call callID
	in   policy.Layer
}

func (id waitID) nameless() waitID { return waitID{id.call.nameless(), id.in} }

func (id waitID) attributes(on policy.Side) []attribute.KeyValue {
	return append(id.call.attributes(on), policyKindKey.String(id.in.String()))
}

// policyID is one policy.
type policyID struct {
	kind, name, target string
	shadow             bool
}

func (id policyID) nameless() policyID {
	return policyID{kind: id.kind, name: other, shadow: id.shadow}
}

// attributes name the policy. For observable instruments, the kind is left out: each
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

func (id moveID) nameless() moveID {
	id.policy = id.policy.nameless()
	return id
}

func (id moveID) attributes() []attribute.KeyValue {
	return append(id.policy.attributes(), fromKey.String(id.from), toKey.String(id.to), causeKey.String(id.cause))
}
