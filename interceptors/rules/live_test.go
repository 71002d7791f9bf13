package rules_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// describe is a live policy in a line.
func describe(l rules.Live) string {
	s := fmt.Sprintf("%s %v %v %q to %q by %q", l.Kind, l.Scope, l.Side, l.Name, l.Target, l.Match)
	if l.Shadow {
		s += " in shadow"
	}
	return s
}

func TestLive(t *testing.T) {
	t.Parallel()
	given := &made{label: "given"}
	r := rulesOf(t, []rules.Rule{
		rule("*", tune("x", ""), tune("s", "").Per(rules.PerService), tune("t", "").Per(rules.PerTarget)),
		rule("/a.B/*", tune("x", "").In("payments"), rules.Use(given)),
		rule("/b.*", tune("x", "").In("payments")),
		shadow(rule("/a.B/Get", tune("x", ""))),
	})
	for range r.Live() {
		t.Error("a policy is live before the first call")
	}
	const one, two = "dns:///one", "dns:///two"
	for _, call := range []policy.Call{
		{Method: "/c.D/Get", Target: one},
		{Method: "/c.D/Get", Target: two},
		{Method: "/c.D/List", Target: one},
		{Method: "/a.B/Get", Target: one},
		{Method: "/a.B/List", Target: two},
		{Method: "/b.C/Get", Side: policy.Server},
	} {
		r.Resolve(&call)
		r.Resolve(&call)
	}
	r.Resolve(new(unregistered(policy.Call{Method: "/made.Up/Get", Side: policy.Server})))
	r.Resolve(new(unregistered(policy.Call{Method: "/a.B/Unknown"})))
	seen := map[policy.Policy]string{}
	for l := range r.Live() {
		if before, ok := seen[l.Policy]; ok {
			t.Errorf("one policy is told twice: %s, %s", before, describe(l))
		}
		seen[l.Policy] = describe(l)
	}
	want := strings.Split(strings.Trim(`
 per_compartment client "" to "" by ""
s per_service client "/c.D/" to "dns:///one" by "*"
s per_service client "/c.D/" to "dns:///two" by "*"
s per_service server "(overflow)" to "" by "*"
t per_target client "*" to "dns:///one" by "*"
t per_target client "*" to "dns:///two" by "*"
t per_target server "(overflow)" to "" by "*"
x per_compartment client "payments" to "" by ""
x per_compartment server "payments" to "" by ""
x per_method client "/a.B/Get" to "dns:///one" by "/a.B/Get" in shadow
x per_method client "/c.D/Get" to "dns:///one" by "*"
x per_method client "/c.D/Get" to "dns:///two" by "*"
x per_method client "/c.D/List" to "dns:///one" by "*"
x per_method server "(overflow)" to "" by "*"`, "\n"), "\n")
	got := slices.Sorted(maps.Values(seen))
	if !slices.Equal(got, want) {
		t.Errorf("live:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for range r.Live() {
		break // must not go on
	}
}

// A policy tells the rule that it has its configuration from, not the one that
// it was made under.
func TestLiveTellsTheRuleInForce(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, one(tune("x", "1")))
	known(r)
	apply(t, r, rule("*", tune("x", "1")), rule("/shop.*", tune("x", "2")))
	for l := range r.Live() {
		if l.Match != "/shop.*" {
			t.Errorf("by rule %q; want /shop.*", l.Match)
		}
	}
}

// The loop may use the rules: no lock is held.
func TestLiveMayUseTheRules(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, one(tune("x", "1"), tune("y", "1").In("a")))
	known(r)
	for range r.Live() {
		apply(t, r, rule("*", tune("x", "2")))
		r.Resolve(&policy.Call{Method: "/new.One/Get"})
	}
}

// Policies that cannot be compared are told apart as well.
func TestUseOfWhatCannotBeCompared(t *testing.T) {
	t.Parallel()
	type odd struct {
		handing

		_ func()
	}
	r := rulesOf(t, one(rules.Use(odd{}), rules.Use(odd{}), rules.Use(handing{}), rules.Use(handing{})))
	known(r)
	n := 0
	for range r.Live() {
		n++
	}
	if n != 3 {
		t.Errorf("%d live policies; want 3: the last two are one", n)
	}
}

// A watcher sees which kinds of policies there can be, before there are any.
func TestSamples(t *testing.T) {
	t.Parallel()
	given := &made{label: "given"}
	r := rulesOf(t, []rules.Rule{
		rule("*", tune("x", "one"), rules.Use(given)),
		shadow(rule("/a.B/Get", tune("x", "two"))),
	})
	labels := func() []string {
		seen := map[string]bool{}
		for p := range r.Samples() {
			switch p := p.(type) {
			case *tuned:
				seen[*p.config.Load()] = true
			case *made:
				seen[p.label] = true
			}
		}
		return slices.Sorted(maps.Keys(seen))
	}
	before := labels()
	if err := r.Apply([]rules.Rule{rule("*", tune("x", "three"))}); err != nil {
		t.Fatal(err)
	}
	if after := labels(); len(before) != 3 || len(after) != 1 {
		t.Errorf("samples %q, after a change %q; want three and one", before, after)
	}
	for range r.Samples() {
		break
	}
}
