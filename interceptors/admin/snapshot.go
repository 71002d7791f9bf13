package admin

import (
	"cmp"
	"context"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// The bounds of a page.
const (
	defaultPage = 1000
	maxPage     = 5000
	// pageBytes is how large the items of a page are together at most, unless there is but
	// one. What gRPC adds to them stays below a megabyte.
	pageBytes = 960_000
)

// takeSnapshot returns a page.
func takeSnapshot(ctx context.Context, set *config.Set, r *adminv1.SnapshotRequest) (*adminv1.SnapshotResponse, error) {
	f, err := newFilter(r.GetFilter())
	if err != nil {
		return nil, err
	}
	at, err := parseCursor(r.GetPageToken())
	if err != nil {
		return nil, err
	}
	size := cmp.Or(r.GetPageSize(), defaultPage)
	if size < 1 || size > maxPage {
		return nil, invalid("page_size", "%d; must be in [1, %d]", r.GetPageSize(), maxPage)
	}
	if n := r.GetEvents(); n < 0 || n > rules.MaxEvents {
		return nil, invalid("events", "%d; must be in [0, %d]", n, rules.MaxEvents)
	}
	outline := set.Outline()
	p := &page{SnapshotResponse: &adminv1.SnapshotResponse{TakenAt: timestamppb.New(outline.TakenAt)}, left: int(size), bytes: pageBytes}
	if at == (cursor{}) {
		p.begin(set, outline)
		p.addEvents(set.Rules().Events(), f, int(r.GetEvents()))
	}
	if !at.InRules && !r.GetWithoutPolicies() {
		p.addPolicies(ctx, set, f, at)
	}
	if p.NextPageToken == "" && !r.GetWithoutRules() {
		p.addRules(outline, f, at)
	}
	return p.SnapshotResponse, ctx.Err()
}

// page is one that is being filled.
type page struct {
	*adminv1.SnapshotResponse

	left, bytes int
}

// begin adds what is on the first page only. Overrides are few, and take no more than a part
// of it: what is beyond is only counted.
func (p *page) begin(set *config.Set, outline config.Snapshot) {
	p.Totals = totalsOf(set, outline)
	for _, o := range outline.Overrides {
		m := config.OverrideMessage(o)
		if size := proto.Size(m); size < p.bytes-pageBytes/2 {
			p.bytes -= size
			p.Overrides = append(p.Overrides, m)
		}
	}
}

// addEvents adds the latest events, which take no more than a half of what is left.
func (p *page) addEvents(events *rules.Events, f *filter, most int) {
	all, _ := events.Since(0)
	for _, e := range slices.Backward(all) {
		if len(p.Events) == most {
			return
		}
		if !f.tells(e) {
			continue
		}
		m := eventMessage(e)
		if size := proto.Size(m); size < p.bytes-pageBytes/4 {
			p.bytes -= size
			p.Events = append(p.Events, m)
		}
	}
}

// takes reports whether an item still fits, and counts it.
func (p *page) takes(m proto.Message) bool {
	const framing = 8
	size := proto.Size(m) + framing
	if p.left == 0 || size > p.bytes && len(p.Policies)+len(p.Rules) > 0 {
		return false
	}
	p.left, p.bytes = p.left-1, p.bytes-size
	return true
}

// addPolicies adds the policies after the cursor.
func (p *page) addPolicies(ctx context.Context, set *config.Set, f *filter, after cursor) {
	var all []rules.Live
	for l := range set.Rules().Live() {
		if f.shows(l) && after.isBefore(l) {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, order)
	if after.Name != "" {
		all = all[min(after.like(all), len(all)):]
	}
	same := after
	for i, l := range all {
		m := set.Look(l).Message()
		if !p.takes(m) || ctx.Err() != nil {
			p.NextPageToken = same.String()
			return
		}
		p.Policies = append(p.Policies, m)
		same = same.past(l)
		if p.left == 0 && i < len(all)-1 {
			p.NextPageToken = same.String()
			return
		}
	}
}

// addRules adds the rules after the cursor.
func (p *page) addRules(outline config.Snapshot, f *filter, after cursor) {
	for i, r := range outline.Rules {
		if i < after.Rule || !f.finds(r.Match, r.Target, r.Place) {
			continue
		}
		for _, m := range outline.RuleMessages(r) {
			if !p.takes(m) {
				p.NextPageToken = cursor{InRules: true, Rule: i}.String()
				return
			}
			p.Rules = append(p.Rules, m)
		}
	}
}

// order orders policies as pages have them.
func order(a, b rules.Live) int {
	return cmp.Or(
		cmp.Compare(a.Side, b.Side), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Match, b.Match), compareBool(a.Shadow, b.Shadow),
	)
}

// compareBool puts false first.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// totalsOf adds up all that is in force.
func totalsOf(set *config.Set, outline config.Snapshot) *adminv1.Totals {
	m := &adminv1.Totals{
		Rules: count(len(outline.Rules)), Overrides: count(len(outline.Overrides)),
		ChangesApplied: outline.Applied, ChangesRefused: outline.Refused, InForceSince: timestamppb.New(outline.Since),
		Overflowed: outline.Overflowed,
	}
	header := config.Snapshot{LastRefused: outline.LastRefused, Unwatched: outline.Unwatched}.Message()
	m.LastRefused, m.Unwatched, m.Unfollowed = header.GetLastRefused(), header.GetUnwatched(), outline.Unfollowed
	var circuits [breaker.Slow + 1]int
	for l := range set.Rules().Live() {
		m.Policies++
		if l.Shadow {
			continue
		}
		switch p := l.Policy.(type) {
		case *breaker.Breaker:
			s := p.Snapshot()
			circuits[s.State]++
			m.Rejected += s.Rejected
		case *bulkhead.Bulkhead:
			s := p.Snapshot()
			m.InFlight += count(s.InFlight + s.Streams)
			m.Rejected += s.Rejected
		case *ratelimit.Limiter:
			m.Rejected += p.Snapshot().Rejected
		}
	}
	for state, n := range circuits {
		m.Circuits = append(m.Circuits, &adminv1.StateCount{State: policyv1.BreakerStatus_State(state + 1), Circuits: count(n)})
	}
	return m
}
