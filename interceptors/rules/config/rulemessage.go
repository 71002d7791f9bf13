package config

import (
	"cmp"
	"slices"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// messages returns the rule as messages: one, or one for each side where it is not
// the same on all.
func (r RuleInForce) messages() []*policyv1.RuleInForce {
	varies := slices.ContainsFunc(r.Policies, func(t rules.Template) bool { return len(t.Sides) > 0 })
	if len(r.Sides) == 0 && !varies {
		return []*policyv1.RuleInForce{r.messageOn(policy.Client, policyv1.Side_SIDE_UNSPECIFIED)}
	}
	var all []*policyv1.RuleInForce
	for _, side := range (statement{Rule: r.Rule}).sides() {
		all = append(all, r.messageOn(side, sideMessage(side)))
	}
	return all
}

// messageOn is the rule as it is on a side.
func (r RuleInForce) messageOn(side policy.Side, told policyv1.Side) *policyv1.RuleInForce {
	m := &policyv1.Rule{Match: r.Match, Target: r.Target, Side: told, Shadow: r.Shadow}
	in := &policyv1.RuleInForce{Rule: m, Source: r.Source.message(), Place: r.Place}
	for _, t := range r.Policies {
		if len(t.Sides) > 0 && !slices.Contains(t.Sides, side) {
			continue
		}
		if !express(m, t) {
			in.OtherPolicies = append(in.OtherPolicies, cmp.Or(t.Kind, "unnamed"))
		}
	}
	return in
}

// express puts the policy of a template into a rule, if there is room for it.
func express(m *policyv1.Rule, t rules.Template) bool {
	switch cfg := t.Config.(type) {
	case timeout.Config:
		return set(&m.Timeout, timeoutMessage(cfg))
	case breaker.Config:
		p := breakerMessage(cfg)
		if t.Compartment != "" {
			p = &policyv1.Breaker{Compartment: t.Compartment}
		}
		p.Scope = scopeMessage(t.Scope)
		return set(&m.Breaker, p)
	case bulkhead.Config:
		p := bulkheadMessage(cfg)
		if t.Compartment != "" {
			p = &policyv1.Bulkhead{Compartment: t.Compartment}
		}
		p.Scope = scopeMessage(t.Scope)
		return set(&m.Bulkhead, p)
	case ratelimit.Config:
		p := rateLimitMessage(cfg)
		if t.Compartment != "" {
			p = &policyv1.RateLimit{Compartment: t.Compartment}
		}
		p.Scope = scopeMessage(t.Scope)
		return set(&m.RateLimit, p)
	case fault.Config:
		p := faultMessage(cfg)
		p.Scope = scopeMessage(t.Scope)
		return set(&m.Fault, p)
	default:
		return false
	}
}

// set sets a field that is not set yet.
func set[M any](field **M, m *M) bool {
	if *field != nil {
		return false
	}
	*field = m
	return true
}

// fill adds the compartments that the rule names.
func (r RuleInForce) fill(all map[string]*policyv1.Compartment) {
	for _, t := range r.Policies {
		if t.Compartment == "" {
			continue
		}
		c := all[t.Compartment]
		if c == nil {
			c = new(policyv1.Compartment)
			all[t.Compartment] = c
		}
		switch cfg := t.Config.(type) {
		case breaker.Config:
			set(&c.Breaker, breakerMessage(cfg))
		case bulkhead.Config:
			set(&c.Bulkhead, bulkheadMessage(cfg))
		case ratelimit.Config:
			set(&c.RateLimit, rateLimitMessage(cfg))
		}
	}
}
