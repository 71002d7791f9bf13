package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/metric"
)

// changes is what is counted of rules that are changed while they work.
type changes struct {
	count   metric.Int64Counter
	options *memo[changeID, []metric.AddOption]
}

// changeID is where a change came from and what became of it.
type changeID struct{ source, outcome string }

// nameless returns the id of such changes beyond the bound.
func (id changeID) nameless() changeID { return changeID{other, id.outcome} }

// newChanges makes the instruments of changes.
func newChanges(m *maker) *changes {
	return &changes{
		count: m.counter("afloat.rules.changes", "{change}", "Changes of rules, by whether they were applied or refused."),
		options: newMemo(changeID.nameless, func(id changeID) []metric.AddOption {
			return adding(rulesSourceKey.String(nameOf(id.source)), rulesOutcomeKey.String(id.outcome))
		}),
	}
}

// changed counts a change.
func (c *changes) changed(source, outcome string) {
	c.count.Add(context.Background(), 1, c.options.of(changeID{kept(source), outcome})...)
}
