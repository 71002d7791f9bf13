package config

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// Snapshot is what is in force at one moment. [Snapshot.Message] turns it into a
// message, for example to show it as JSON.
type Snapshot struct {
	// TakenAt is when the snapshot was taken.
	TakenAt time.Time
	// Rules are the rules in force, closest patterns first.
	Rules []RuleInForce
	// Policies are the policies in force that have guarded calls, ordered by side,
	// target and name.
	Policies []LivePolicy
	// Applied and Refused count the changes since [New].
	Applied, Refused uint64
	// Since is when these rules came into force: at the start, or with the last
	// change that was applied.
	Since time.Time
	// LastRefused is the last change that was refused, nil if there was none. If it
	// was refused before Since, another change has been applied after it.
	LastRefused *RefusedChange
	// Overflowed is how many calls had to share the overflow chain, see
	// [rules.Rules].
	Overflowed uint64
}

// RuleInForce is a rule in force and its origin.
type RuleInForce struct {
	rules.Rule

	Source Source
	// Place is the rule's place in the source: "rules.yaml:12:5" in a file,
	// "shop/v1/shop.proto: shop.v1.Shop.Get" for the options of a method.
	Place string
}

// RefusedChange is a change that was refused.
type RefusedChange struct {
	// Source is the source of the change.
	Source Source
	// At is when it was refused.
	At time.Time
	// Err is all that is wrong with it.
	Err error
}

// LivePolicy is a policy in force.
type LivePolicy struct {
	rules.Live

	// Config is the policy's Config and Status its Snapshot, as its package defines
	// them. Status is nil for a timeout. Both are nil for policies that are not
	// afloat's.
	Config, Status any
}

// Snapshot returns what is in force now. Each policy's status is consistent in
// itself, but they may be of slightly different moments.
func (s *Set) Snapshot() Snapshot {
	now := s.state.Load()
	snap := Snapshot{
		TakenAt: time.Now(), Since: now.since, Applied: now.applied, Refused: now.refused,
		LastRefused: now.lastRefused, Overflowed: s.rules.Overflowed(),
	}
	for _, st := range now.statements {
		snap.Rules = append(snap.Rules, RuleInForce{st.Rule, st.source, st.place(st.path)})
	}
	slices.SortStableFunc(snap.Rules, byCloseness)
	for l := range s.rules.Live() {
		p := LivePolicy{Live: l}
		p.Config, p.Status = look(l.Policy)
		snap.Policies = append(snap.Policies, p)
	}
	slices.SortFunc(snap.Policies, byName)
	return snap
}

// look returns the configuration and the status of a policy.
func look(p policy.Policy) (config, status any) {
	switch p := p.(type) {
	case *breaker.Breaker:
		return p.Config(), p.Snapshot()
	case *bulkhead.Bulkhead:
		return p.Config(), p.Snapshot()
	case *ratelimit.Limiter:
		return p.Config(), p.Snapshot()
	case *fault.Fault:
		return p.Config(), p.Snapshot()
	case *timeout.Timeout:
		return p.Config(), nil
	default:
		return nil, nil
	}
}

// byCloseness puts closer rules first.
func byCloseness(a, b RuleInForce) int {
	return cmp.Or(
		cmp.Compare(width(a.Match), width(b.Match)),
		cmp.Compare(prefix(b.Match), prefix(a.Match)), // the longer package is closer
		cmp.Compare(a.Match, b.Match),
		-cmp.Compare(a.Target, b.Target), // any target is last
		cmp.Compare(boolToInt(a.Shadow), boolToInt(b.Shadow)),
	)
}

// width is how wide a pattern is.
func width(match string) int {
	switch {
	case match == "*":
		return 3
	case strings.HasSuffix(match, ".*"):
		return 2
	case strings.HasSuffix(match, "/*"):
		return 1
	default:
		return 0
	}
}

// prefix is how long the name of a package is.
func prefix(match string) int {
	if width(match) != 2 {
		return 0
	}
	return len(match)
}

func byName(a, b LivePolicy) int {
	return cmp.Or(
		cmp.Compare(a.Side, b.Side), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Match, b.Match), cmp.Compare(boolToInt(a.Shadow), boolToInt(b.Shadow)),
	)
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
