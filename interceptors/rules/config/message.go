package config

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// Message returns the snapshot as a message, with the defaults of the rules
// filled in.
func (s Snapshot) Message() *policyv1.Snapshot {
	m := &policyv1.Snapshot{
		TakenAt: timestamppb.New(s.TakenAt), InForceSince: timestamppb.New(s.Since), ChangesApplied: s.Applied, ChangesRefused: s.Refused,
		Overflowed: s.Overflowed, Compartments: map[string]*policyv1.Compartment{},
	}
	if r := s.LastRefused; r != nil {
		m.LastRefused = &policyv1.RefusedChange{
			Source: r.Source.message(), At: timestamppb.New(r.At), Faults: r.Err.Error(),
		}
	}
	for _, r := range s.Rules {
		m.Rules = append(m.Rules, r.messages()...)
		r.fill(m.Compartments)
	}
	for _, p := range s.Policies {
		m.Policies = append(m.Policies, p.message())
	}
	return m
}

// message returns the policy as a message.
func (p LivePolicy) message() *policyv1.LivePolicy {
	m := &policyv1.LivePolicy{
		Kind: p.Kind, Side: sideMessage(p.Side), Target: p.Target, Name: p.Name,
		Scope: scopeMessage(p.Scope), Match: p.Match, Shadow: p.Shadow,
	}
	switch cfg := p.Config.(type) {
	case breaker.Config:
		status, _ := p.Status.(breaker.Snapshot)
		m.Status = &policyv1.LivePolicy_Breaker{Breaker: breakerStatus(cfg, status)}
	case bulkhead.Config:
		status, _ := p.Status.(bulkhead.Snapshot)
		m.Status = &policyv1.LivePolicy_Bulkhead{Bulkhead: bulkheadStatus(cfg, status)}
	case ratelimit.Config:
		status, _ := p.Status.(ratelimit.Snapshot)
		m.Status = &policyv1.LivePolicy_RateLimit{RateLimit: rateLimitStatus(cfg, status)}
	case fault.Config:
		status, _ := p.Status.(fault.Snapshot)
		m.Status = &policyv1.LivePolicy_Fault{Fault: faultStatus(cfg, status)}
	case timeout.Config:
		m.Status = &policyv1.LivePolicy_Timeout{Timeout: timeoutMessage(cfg)}
	}
	return m
}

// sideMessage is the message of a side.
func sideMessage(s policy.Side) policyv1.Side { return policyv1.Side(s) + 1 }

// scopeMessage is the message of a scope, unspecified for a compartment.
func scopeMessage(s rules.Scope) policyv1.Scope {
	if s > rules.PerTarget {
		return policyv1.Scope_SCOPE_UNSPECIFIED
	}
	return policyv1.Scope(s) + 1
}
