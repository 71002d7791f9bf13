package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// calls is the instruments of calls on one side: those that a client makes, that a
// server answers, or that run under policy.Do. Their names contain the side.
type calls struct {
	count      metric.Int64Counter
	rejections metric.Int64Counter
	cancelled  metric.Int64Counter
	shadowed   metric.Int64Counter
	waits      metric.Float64Histogram
	leaked     metric.Int64Counter

	options     *memo[callID, *callOptions]
	waitOptions *memo[waitID, []metric.RecordOption]
	refusals    *memo[refusalID, *refusal]
}

// callOptions are the options of measurements of calls.
type callOptions struct {
	add   []metric.AddOption
	ended [policy.NotStarted + 1][]metric.AddOption // by their verdict
}

// newCalls makes the instruments of one side.
func newCalls(m *maker, on policy.Side) *calls {
	prefix := "afloat." + on.String() + "."
	return &calls{
		count:      m.counter(prefix+"calls", "{call}", "Calls that were let through, by how they ended for policies that count failures."),
		rejections: m.counter(prefix+"rejections", "{call}", "Calls that a policy refused."),
		cancelled:  m.counter(prefix+"cancelled", "{call}", "Calls that did not start because their callers gave up first, as in a queue."),
		shadowed:   m.counter(prefix+"shadow_rejections", "{call}", "Calls that were let through and that a policy which only watches would have refused."),
		waits:      m.seconds(prefix+"wait.duration", "How long calls were blocked by policies that have queues, where they were."),
		leaked:     m.counter(prefix+"leaked_streams", "{stream}", "Streams that were dropped without being ended, and were reaped."),

		options:  newMemo(callID.nameless, func(id callID) *callOptions { return newCallOptions(on, id) }),
		refusals: newMemo(refusalID.nameless, func(id refusalID) *refusal { return newRefusal(on, id) }),
		waitOptions: newMemo(waitID.nameless, func(id waitID) []metric.RecordOption {
			return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(id.attributes(on)...))}
		}),
	}
}

// newCallOptions makes the options for calls on one side.
func newCallOptions(on policy.Side, id callID) *callOptions {
	c := &callOptions{add: adding(id.attributes(on)...)}
	for v := range c.ended {
		c.ended[v] = adding(append(id.attributes(on), verdictKey.String(policy.Verdict(v).String()))...)
	}
	return c
}

// admitted counts a call that a policy which only watches would have refused, and the
// time that the call was blocked.
func (c *calls) admitted(ctx context.Context, call *policy.Call, a policy.Admitted) {
	if a.Notes.Has(policy.NoteShadowed) && c.shadowed.Enabled(ctx) {
		c.shadowed.Add(ctx, 1, c.options.of(idOf(call)).add...)
	}
	if a.Waited > 0 {
		c.waited(ctx, call, a.Waited.Seconds(), a.WaitedIn)
	}
}

// rejected counts a refused call, apart from those whose callers gave up, and returns what is recorded about it, which is nil if
// nobody is interested.
func (c *calls) rejected(ctx context.Context, call *policy.Call, r policy.Rejected, tracing bool) *refusal {
	if r.Waited > 0 {
		c.waited(ctx, call, r.Waited.Seconds(), r.WaitedIn)
	}
	if !tracing && !c.rejections.Enabled(ctx) && !c.cancelled.Enabled(ctx) {
		return nil
	}
	refused := c.refusals.of(refusalOf(call, r.Err))
	if refused.cancelled {
		c.cancelled.Add(ctx, 1, refused.add...)
	} else {
		c.rejections.Add(ctx, 1, refused.add...)
	}
	return refused
}

// waited records the time that a call was blocked.
func (c *calls) waited(ctx context.Context, call *policy.Call, seconds float64, in policy.Layer) {
	if c.waits.Enabled(ctx) {
		c.waits.Record(ctx, seconds, c.waitOptions.of(waitID{idOf(call), in})...)
	}
}

// settled counts a call that has ended.
func (c *calls) settled(ctx context.Context, call *policy.Call, outcome *policy.Outcome) {
	if c.count.Enabled(ctx) {
		c.count.Add(ctx, 1, c.options.of(idOf(call)).ended[outcome.Verdict]...)
	}
}

// streamLeaked counts a stream that was reaped.
func (c *calls) streamLeaked(call *policy.Call) {
	c.leaked.Add(context.Background(), 1, c.options.of(idOf(call)).add...)
}

// callID is what calls that are counted together have in common.
type callID struct{ method, target string }

// idOf distinguishes calls, except those whose names strangers make up: a memo keeps what
// it tells apart.
func idOf(call *policy.Call) callID {
	if call.Unregistered || len(call.Method) > maxNameBytes || len(call.Target) > rules.MaxTargetBytes {
		return callID{method: other}
	}
	return callID{call.Method, call.Target}
}

// nameless returns the id of calls beyond the bound.
func (callID) nameless() callID { return callID{method: other} }

// attributes says what is called. What runs under policy.Do is not an RPC.
func (id callID) attributes(on policy.Side) []attribute.KeyValue {
	if on == policy.Local {
		return []attribute.KeyValue{operationKey.String(id.name(on))}
	}
	return append(addressOf(id.target), semconv.RPCMethod(id.name(on)))
}

// name returns the method as semantic conventions spell it, or the name of what is
// not an RPC.
func (id callID) name(on policy.Side) string {
	if on == policy.Local {
		return nameOf(id.method)
	}
	return methodName(id.method)
}

// waitID is a call and where it waited.
type waitID struct {
	call callID
	in   policy.Layer
}

// nameless returns the id of calls beyond the bound, by where they waited.
func (id waitID) nameless() waitID { return waitID{id.call.nameless(), id.in} }

// attributes says what is called and where it waited.
func (id waitID) attributes(on policy.Side) []attribute.KeyValue {
	return append(id.call.attributes(on), policyKindKey.String(id.in.String()))
}
