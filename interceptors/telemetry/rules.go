package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/metric"
)

// changes is what is counted of rules that are changed while they work.
type changes struct {
	count metric.Int64Counter
	said  *memo[changeID, []metric.AddOption]
}

// changeID is where a change came from and what became of it.
type changeID struct{ source, outcome string }

func (id changeID) nameless() changeID { return changeID{other, id.outcome} }

func newChanges(m *maker) *changes {
	return &changes{
		count: m.counter("afloat.rules.changes", "{change}", "Changes of rules, by whether they were applied or refused."),
		said: newMemo(changeID.nameless, func(id changeID) []metric.AddOption {
			return adding(rulesSourceKey.String(id.source), rulesOutcomeKey.String(id.outcome))
		}),
	}
}

// RulesApplied implements config.Observer. It counts a change of rules that
// was applied.
func (o *Observer) RulesApplied(source string, _ int) { o.changed(source, "applied") }

// RulesRefused implements config.Observer. It counts a change of rules that was
// refused. It does not log the reason, because package config does.
func (o *Observer) RulesRefused(source string, _ error) { o.changed(source, "refused") }

func (o *Observer) changed(source, outcome string) {
	o.changes.count.Add(context.Background(), 1, o.changes.said.of(changeID{source, outcome})...)
}
