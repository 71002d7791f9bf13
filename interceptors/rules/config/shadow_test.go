package config_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// shadow is a shadow rule of code for all calls.
func shadow(templates ...rules.Template) rules.Rule {
	return rules.Rule{Match: "*", Shadow: true, Policies: templates}
}

// strict refuses the second of two calls at once, and what comes after a failure.
func strict() rules.Rule {
	return shadow(
		breaker.Each(breaker.Config{ConsecutiveFailures: 1}),
		bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}),
		ratelimit.Each(ratelimit.Config{PerSecond: 0.001}),
	)
}

// A shadow rule of code refuses nothing, like one of a file, also when it takes over
// the policies of another.
func TestShadowRulesOfCodeOnlyWatch(t *testing.T) {
	t.Parallel()
	s := newSet(t, config.WithoutBuiltIn(), config.WithRules(strict()))
	down := status.Error(codes.Unavailable, "down")
	call := func(within func()) error {
		chain := s.Rules().Resolve(&policy.Call{Method: charge})
		return chain.Run(t.Context(), charge, func(context.Context) error {
			within()
			return down
		})
	}
	for range 2 {
		err := call(func() {
			if err := call(func() {}); !errors.Is(err, down) {
				t.Errorf("a call beside another = %v; want it made", err)
			}
		})
		if !errors.Is(err, down) {
			t.Errorf("a call = %v; want it made", err)
		}
		if err := s.Apply([]rules.Rule{strict()}); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range s.Snapshot().Policies {
		var rejected uint64
		switch status := p.Status.(type) {
		case breaker.Snapshot:
			rejected = status.Rejected
		case bulkhead.Snapshot:
			rejected = status.Rejected
		case ratelimit.Snapshot:
			rejected = status.Rejected
		}
		if rejected == 0 || !p.Shadow {
			t.Errorf("%+v; want to see what would have been refused", p)
		}
	}
}

// What cannot only watch has no place in a shadow rule.
func TestShadowRulesOfCodeThatBite(t *testing.T) {
	t.Parallel()
	for want, template := range map[string]rules.Template{
		"breaker: mode = always_open; must be automatic or shadow in a shadow rule":       breaker.Each(breaker.Config{Mode: breaker.AlwaysOpen}),
		"breaker: mode = always_closed; must be automatic or shadow in a shadow rule":     breaker.Each(breaker.Config{Mode: breaker.AlwaysClosed}),
		"timeout: shadow = true; must be false for the rule: a timeout cannot only watch": timeout.Each(timeout.Config{}),
		"fault: shadow = true; must be false for the rule: a fault cannot only watch":     fault.Each(fault.Config{}),
	} {
		_, err := rules.New([]rules.Rule{shadow(template)})
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("NewRules = %v; want %s", err, want)
		}
		if _, err := rules.New([]rules.Rule{{Match: "*", Policies: []rules.Template{template}}}); err != nil {
			t.Errorf("NewRules = %v for a rule in force", err)
		}
	}
}
