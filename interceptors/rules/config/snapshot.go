package config

import (
	"cmp"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
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
	// Unwatched is why the system does not tell of changes of the file, which [Set.Watch]
	// then looks at every second. Nil if it does, or if nobody called Watch.
	Unwatched error
	// Unfollowed: the set has a file, and nobody has called [Set.Watch] or [Set.Reload], so
	// that its changes do not come into force.
	Unfollowed bool
	// Overrides are what operators have put in force in place of the rules, the latest
	// first.
	Overrides []override.Override
	// Overflowed is how many calls had to share the overflow chain, see
	// [rules.Rules].
	Overflowed uint64

	// kinds are those of the set, nil of no set.
	kinds kinds
}

// Message returns the snapshot as a message, with the defaults of the rules
// filled in.
func (s Snapshot) Message() *policyv1.Snapshot {
	m := &policyv1.Snapshot{
		TakenAt: timestamppb.New(s.TakenAt), InForceSince: timestamppb.New(s.Since), ChangesApplied: s.Applied, ChangesRefused: s.Refused,
		Overflowed: s.Overflowed, Unfollowed: s.Unfollowed, Compartments: map[string]*policyv1.Compartment{},
	}
	if r := s.LastRefused; r != nil {
		m.LastRefused = &policyv1.RefusedChange{
			Source: r.Source.message(), At: timestamppb.New(r.At), Faults: strings.ToValidUTF8(r.Err.Error(), "\uFFFD"),
		}
	}
	for _, o := range s.Overrides {
		m.Overrides = append(m.Overrides, OverrideMessage(o))
	}
	if s.Unwatched != nil {
		m.Unwatched = strings.ToValidUTF8(s.Unwatched.Error(), "\uFFFD")
	}
	all := s.kinds.orOwn()
	for _, r := range s.Rules {
		m.Rules = append(m.Rules, r.messages(all)...)
		r.fill(m.Compartments, all)
	}
	for _, p := range s.Policies {
		m.Policies = append(m.Policies, p.Message())
	}
	return m
}

// RuleMessages returns a rule of the snapshot as messages: one, or one for each side where
// it is not the same on all.
func (s Snapshot) RuleMessages(r RuleInForce) []*policyv1.RuleInForce {
	return r.messages(s.kinds.orOwn())
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
	// them, or as its [Kind] says. Status is nil for a timeout. Both are nil for
	// policies of kinds that are neither afloat's nor registered.
	Config, Status any
	// Override is the override in force for the policy, nil if there is none. Status is what
	// the policy does under it.
	Override *override.Override

	// kinds are those of the set, nil of no set.
	kinds kinds
}

// Message returns the policy as a message.
func (p LivePolicy) Message() *policyv1.LivePolicy {
	m := &policyv1.LivePolicy{
		Kind: p.Kind, Side: sideMessage(p.Side), Target: p.Target, Name: p.Name,
		Scope: scopeMessage(p.Scope), Match: p.Match, Shadow: p.Shadow,
	}
	if p.Override != nil {
		m.Override = p.Override.ID
	}
	p.kinds.orOwn().tell(p, m)
	if s, ok := p.Status.(breaker.Snapshot); ok {
		m.OpenedBy = s.OpenedBy
	}
	return m
}

// byName orders policies by side, target and name.
func byName(a, b LivePolicy) int {
	return cmp.Or(
		cmp.Compare(a.Side, b.Side), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Match, b.Match), cmp.Compare(boolToInt(a.Shadow), boolToInt(b.Shadow)),
	)
}

// sideMessage returns the message of a side.
func sideMessage(s policy.Side) policyv1.Side { return policyv1.Side(s) + 1 }

// scopeMessage returns the message of a scope, unspecified for a compartment.
func scopeMessage(s rules.Scope) policyv1.Scope {
	if s > rules.PerTarget {
		return policyv1.Scope_SCOPE_UNSPECIFIED
	}
	return policyv1.Scope(s) + 1
}

// boolToInt returns 1 if b, else 0.
func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
