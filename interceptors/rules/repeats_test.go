package rules_test

import (
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// No rule has a policy twice: by the same template, by an equal one, by Use, and by Use in
// a rule and in a shadow rule. What differs in its scope, its sides, its configuration or
// its options is no repetition.
func TestNoRuleHasAPolicyTwice(t *testing.T) {
	t.Parallel()
	each := breaker.Each(breaker.Config{})
	own, err := breaker.New(breaker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	classified := breaker.WithClassifier(policy.Classify)
	for name, tt := range map[string]struct {
		rules []rules.Rule
		want  string
	}{
		"a template twice":   {one(each, each), "policy 1 = the same breaker as policy 0; must be there once"},
		"equal templates":    {one(breaker.Each(breaker.Config{OpenFor: 1e9}), breaker.Each(breaker.Config{OpenFor: 1e9})), "must be there once"},
		"equal bulkheads":    {one(bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}), bulkhead.Each(bulkhead.Config{MaxConcurrent: 1})), "policy 1 = the same bulkhead as policy 0"},
		"sides that overlap": {one(each.On(policy.Client), each.On(policy.Client, policy.Server)), "must be there once"},
		"by Use":             {one(rules.Use(own), rules.Use(own)), "policy 1 = the same policy as policy 0; must be there once"},
		"by Use in shadow": {
			append(one(rules.Use(own)), rules.Rule{Match: "/a.*", Shadow: true, Policies: []rules.Template{rules.Use(own)}}),
			`shadow rule "/a.*": policy 0 = the one that rule "*" uses; must be one of its own`,
		},
		"a nil pointer by Use": {one(rules.Use((*breaker.Breaker)(nil))), "shared policy = nil *breaker.Breaker; must be a policy"},
		"a nil pointer by New": {one(rules.Template{New: func(rules.Key) (policy.Policy, error) {
			return (*breaker.Breaker)(nil), nil
		}}), "New of policy 0 returned a nil *breaker.Breaker; must return a policy"},
		"other scopes":         {one(each, each.Per(rules.PerTarget)), ""},
		"other sides":          {one(each.On(policy.Client), each.On(policy.Server)), ""},
		"other compartments":   {one(each.In("a"), each.In("b")), ""},
		"other configurations": {one(ratelimit.Each(ratelimit.Config{PerSecond: 10}), ratelimit.Each(ratelimit.Config{PerSecond: 0.1})), ""},
		"other options":        {one(each, breaker.Each(breaker.Config{}, classified)), ""},
		"by Use in two rules":  {append(one(rules.Use(own)), rules.Rule{Match: "/a.*", Policies: []rules.Template{rules.Use(own)}}), ""},
	} {
		_, err := rules.New(tt.rules)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v; want %q", name, err, tt.want)
		}
	}
}
