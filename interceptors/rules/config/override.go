package config

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// OverrideMessage returns an override as a message.
func OverrideMessage(o override.Override) *policyv1.Override {
	m := &policyv1.Override{
		Id: o.ID, Action: policyv1.Action(o.Action), Places: int32Of(o.Places), Reason: o.Reason, Author: o.Author,
		Policies: int32Of(o.Policies), Scope: &policyv1.OverrideScope{
			Everything: o.Scope.Everything, Kind: o.Scope.Kind, Target: o.Scope.Target, Name: o.Scope.Name, Rule: o.Scope.Rule,
		},
	}
	for side := range policy.Local + 1 {
		if o.Scope.Side == side.String() {
			m.Scope.Side = sideMessage(side)
		}
	}
	if !o.Since.IsZero() {
		m.Since, m.Until = timestamppb.New(o.Since), timestamppb.New(o.Until())
	}
	return m
}

// OverrideOf returns the override that a message describes, which is yet to be checked. What
// is set in it when it begins is left out. A message of an unknown action or side becomes an
// override that is not valid.
func OverrideOf(m *policyv1.Override, lasting time.Duration) override.Override {
	return override.Override{
		Directive: policy.Directive{Action: actionOf(m.GetAction()), Places: int(m.GetPlaces())},
		Command:   override.Command{Scope: ScopeOf(m.GetScope()), Reason: m.GetReason(), Author: m.GetAuthor()},
		For:       lasting,
	}
}

// ScopeOf returns the scope that a message describes, which is yet to be checked.
func ScopeOf(m *policyv1.OverrideScope) override.Scope {
	s := override.Scope{
		Everything: m.GetEverything(), Kind: m.GetKind(), Target: m.GetTarget(), Name: m.GetName(), Rule: m.GetRule(),
	}
	if side := m.GetSide(); side != policyv1.Side_SIDE_UNSPECIFIED {
		s.Side = SideOf(side).String()
	}
	return s
}

// SideOf returns the side of a message, that of a client if it names none.
func SideOf(m policyv1.Side) policy.Side {
	if m == policyv1.Side_SIDE_UNSPECIFIED {
		return policy.Client
	}
	if m < 0 || m > policyv1.Side_SIDE_LOCAL {
		return policy.Local + 1
	}
	return policy.Side(m - 1) //nolint:gosec // one of the few, as seen above
}

// actionOf returns the action of a message, one that there is not if it is not known.
func actionOf(m policyv1.Action) policy.Action {
	if m < 0 || m > policyv1.Action_ACTION_SET_PLACES {
		return policy.SetPlaces + 1
	}
	return policy.Action(m)
}
