package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// overruns is the instruments of handlers that run on after a policy ended their
// streams.
type overruns struct {
	count   metric.Int64Counter
	running metric.Int64UpDownCounter
	panics  metric.Int64Counter

	options *memo[callID, []metric.AddOption]
}

// newOverruns makes the instruments.
func newOverruns(m *maker) *overruns {
	const prefix = "afloat.server.overruns"
	return &overruns{
		count:   m.counter(prefix, "{handler}", "Handlers that ran on after a policy ended their stream."),
		running: m.upDownCounter(prefix+".running", "{handler}", "Handlers that run on after a policy ended their stream."),
		panics:  m.counter(prefix+".panics", "{handler}", "Handlers that panicked after a policy ended their stream."),
		options: newMemo(callID.nameless, func(id callID) []metric.AddOption { return adding(id.attributes(policy.Server)...) }),
	}
}

// overran counts a handler that runs on, or its end.
func (c *overruns) overran(call *policy.Call, o policy.Overrun) {
	ctx, options := context.Background(), c.options.of(idOf(call))
	if !o.Ended {
		c.count.Add(ctx, 1, options...)
		c.running.Add(ctx, 1, options...)
		return
	}
	c.running.Add(ctx, -1, options...)
	if o.Panic != nil {
		c.panics.Add(ctx, 1, options...)
	}
}
