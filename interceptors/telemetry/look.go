package telemetry

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
)

// lookedAt is the attributes of what is looked at of a policy.
type lookedAt struct {
	plain  attribute.Set
	states [breaker.Disabled + 1]attribute.Set
}

func newLookedAt(id policyID) *lookedAt {
	attrs := id.attributes()
	l := &lookedAt{plain: attribute.NewSet(attrs...)}
	for state := range l.states {
		l.states[state] = attribute.NewSet(append(slices.Clip(attrs), stateKey.String(breaker.State(state).String()))...)
	}
	return l
}

// look adds what there is to see of one policy.
func (s *side) look(found sums, l policy.Live) {
	id := policyID{target: l.Target, shadow: l.Shadow}
	switch p := l.Policy.(type) {
	case *breaker.Breaker:
		snap := p.Snapshot()
		id.name, id.shadow = snap.Name, snap.Mode == breaker.Shadow
		sets := s.looked.of(id)
		for state, set := range sets.states {
			found.add(s.state, set, oneIf(breaker.State(state) == snap.State))
		}
	case *bulkhead.Bulkhead:
		snap := p.Snapshot()
		id.name = snap.Name
		set := s.looked.of(id).plain
		found.add(s.bulkhead.active, set, int64(snap.InFlight))
		found.add(s.bulkhead.queued, set, int64(snap.Waiting))
		found.add(s.bulkhead.limit, set, int64(snap.MaxConcurrent))
	case *ratelimit.Limiter:
		snap := p.Snapshot()
		id.name = snap.Name
		set := s.looked.of(id).plain
		found.add(s.rateLimitQueued, set, int64(snap.Waiting))
	}
}

func oneIf(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// sums are what is seen at one time. Policies that have the same attributes, as
// those of two servers in one process, are summed up.
type sums map[series]total

type series struct {
	instrument metric.Int64Observable
	attributes attribute.Distinct
}

type total struct {
	set attribute.Set
	n   int64
}

func (s sums) add(instrument metric.Int64Observable, set attribute.Set, n int64) {
	key := series{instrument, set.Equivalent()}
	s[key] = total{set, s[key].n + n}
}

func (s sums) report(to metric.Observer) {
	for key, t := range s {
		to.ObserveInt64(key.instrument, t.n, metric.WithAttributeSet(t.set))
	}
}
