package rules_test

import (
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// told notes by what name of a rule policies were made and updated.
type told struct {
	made

	updated string
}

// naming returns a template whose policies note what they are told.
func naming() rules.Template {
	create := func(k rules.Key) (*told, error) { return &told{made: made{key: k}}, nil }
	return rules.TemplateOf("told", nil, create, func(k rules.Key, p *told) error {
		p.updated = k.Rule
		return nil
	})
}

// Policies are told the name of their rule when they are made and when they are updated,
// those too that only calls hold, that no call uses now, or that are past the key limit.
func TestKeysNameTheRule(t *testing.T) {
	t.Parallel()
	const users = "dns:///users"
	onUsers := policy.Call{Method: method, Target: users}
	for _, tt := range []struct {
		name          string
		before, after []rules.Rule
		call          policy.Call
		want, updated string
	}{
		{"per method", one(naming()), []rules.Rule{rule(method, naming())}, onUsers, "*", method},
		{"a target's", []rules.Rule{to(users, rule("*", naming()))}, one(naming()), onUsers, "* for " + users, "*"},
		{"per target", one(naming().Per(rules.PerTarget)), []rules.Rule{to(users, rule("*", naming().Per(rules.PerTarget)))}, onUsers, "*", "* for " + users},
		{"per service", one(naming().Per(rules.PerService)), one(naming().Per(rules.PerService)), onUsers, "*", "*"},
		{"compartment", one(naming().In("x")), []rules.Rule{rule(method, naming().In("x"))}, onUsers, "", ""},
		{"shadow", []rules.Rule{shadow(rule("*", naming()))}, []rules.Rule{shadow(rule(method, naming()))}, onUsers, "*", method},
		{"unregistered", one(naming()), one(naming()), unregistered(onUsers), "*", "*"},
		{
			"no rule's at the moment", one(naming().Per(rules.PerTarget)),
			[]rules.Rule{rule(method), rule("*", naming().Per(rules.PerTarget))},
			onUsers, "*", "*",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := rulesOf(t, tt.before)
			p, ok := only(t, r, tt.call).(*told)
			if !ok || p.key.Rule != tt.want {
				t.Fatalf("made for rule %q; want %q", p.key.Rule, tt.want)
			}
			p.updated = "nothing"
			if err := r.Apply(tt.after); err != nil {
				t.Fatal(err)
			}
			if p.updated != tt.updated {
				t.Errorf("updated for rule %q; want %q", p.updated, tt.updated)
			}
		})
	}
}
