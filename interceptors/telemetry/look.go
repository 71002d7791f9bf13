package telemetry

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// lookedAt is the attributes of the observable instruments of a policy.
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

// look adds the present state of one policy.
func (s *side) look(found sums, l rules.Live) {
	if !visible(l.Policy) || !found.first(l) {
		return
	}
	id := policyID{target: l.Target}
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
		id.name, id.shadow = snap.Name, p.Config().Shadow
		set := s.looked.of(id).plain
		found.add(s.bulkhead.active, set, int64(snap.InFlight))
		found.add(s.bulkhead.queued, set, int64(snap.Waiting))
		found.add(s.bulkhead.limit, set, int64(snap.MaxConcurrent))
	case *ratelimit.Limiter:
		snap := p.Snapshot()
		id.name, id.shadow = snap.Name, p.Config().Shadow
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

// sums are the values of one collection. Policies that have the same
// attributes, such as those of two servers in one process, are summed up.
type sums struct {
	totals map[series]total
	seen   map[sight]bool
}

// sight is a policy and the side for which it is looked at.
type sight struct {
	policy policy.Policy
	side   policy.Side
}

func newSums() sums { return sums{map[series]total{}, map[sight]bool{}} }

// first reports whether the policy was not seen before: one by rules.Use may be in
// several rules.
func (s sums) first(l rules.Live) bool {
	at := sight{l.Policy, l.Side}
	was := s.seen[at]
	s.seen[at] = true
	return !was
}

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
	s.totals[key] = total{set, s.totals[key].n + n}
}

func (s sums) report(to metric.Observer) {
	for key, t := range s.totals {
		to.ObserveInt64(key.instrument, t.n, metric.WithAttributeSet(t.set))
	}
}
