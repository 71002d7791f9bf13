package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// steerings is what is counted of what operators do by hand.
type steerings struct{ count metric.Int64Counter }

// newSteerings makes the instruments of what is done by hand.
func newSteerings(m *maker) *steerings {
	return &steerings{m.counter("afloat.override.changes", "{change}", "What operators did by hand to policies, and overrides that ended.")}
}

// steered counts a change. There are few of them, and few attributes.
func (s *steerings) steered(c override.Change) {
	s.count.Add(context.Background(), 1, adding(
		overrideChangeKey.String(c.What.String()), overrideActionKey.String(c.Override.Action.String()))...)
}

// actionSets are the attributes of the overrides of each action.
var actionSets = func() (all [policy.SetPlaces + 1]attribute.Set) { //nolint:gochecknoglobals // never written
	for _, a := range policy.Actions() {
		all[a] = attribute.NewSet(overrideActionKey.String(a.String()))
	}
	return all
}()
