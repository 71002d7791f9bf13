package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// during is a template like t that does something when the policy of a key is made.
func during(t rules.Template, name string, do func()) rules.Template {
	create := t.New
	t.New = func(k rules.Key) (policy.Policy, error) {
		if k.Name == name {
			do()
		}
		return create(k)
	}
	return t
}

// New methods do not wait while rules are applied, and what they get then is kept: the
// policies are made while no lock is held.
func TestMethodsAreResolvedWhileRulesAreApplied(t *testing.T) {
	t.Parallel()
	for _, scope := range []rules.Scope{rules.PerMethod, rules.PerService, rules.PerTarget} {
		t.Run(scope.String(), func(t *testing.T) {
			t.Parallel()
			old, late := policy.Call{Method: "/old.S/M"}, policy.Call{Method: "/late.S/M", Target: "late"}
			r := rulesOf(t, one(tune("x", "1").Per(scope)))
			r.Resolve(&old)
			var met policy.Policy
			resolve := during(tune("y", "2"), old.Method, func() { met = only(t, r, late) })
			apply(t, r, rule("/old.*", resolve), rule("*", tune("x", "2").Per(scope)))
			if met == nil {
				t.Fatal("no policy was made during the change")
			}
			if got := only(t, r, late); got != met || configOf(t, got) != "2" {
				t.Errorf("the policy is the one from during the change: %v, with configuration %q; want true, 2", got == met, configOf(t, met))
			}
			if n := count(r); n != 2 {
				t.Errorf("%d keys; want 2", n)
			}
		})
	}
}

// Two methods come to share a policy by a change, and one of them already shares it by the
// old rules, which made it during the change.
func TestPolicyThatOldAndNewRulesMakeAtOnce(t *testing.T) {
	t.Parallel()
	moved, late := policy.Call{Method: "/a.S/Moved"}, policy.Call{Method: "/a.S/Late"}
	x := func(config string) rules.Template { return tune("x", config).Per(rules.PerService) }
	r := rulesOf(t, []rules.Rule{rule("*", x("1")), rule(moved.Method, tune("y", "1"))})
	r.Resolve(&moved)
	var met policy.Policy
	resolve := during(tune("z", "2"), moved.Method, func() {
		if met == nil {
			met = only(t, r, late)
		}
	})
	apply(t, r, rule("*", resolve, x("2")))
	for _, call := range []policy.Call{moved, late} {
		if all := r.Resolve(&call).Policies(); !slices.Contains(all, met) {
			t.Errorf("%s has another policy than the one that the old rules made", call.Method)
		}
	}
	if got := configOf(t, met); got != "2" {
		t.Errorf("configuration %q; want 2", got)
	}
}

// Keys that are dropped during a change stay so, and their policies are found again.
func TestKeysAreDroppedWhileRulesAreApplied(t *testing.T) {
	t.Parallel()
	const maxKeys = 3
	old, first := policy.Call{Method: "/old.S/M"}, policy.Call{Method: method}
	r := rulesOf(t, one(tune("x", "1")), rules.WithMaxKeys(maxKeys))
	waiting := r.Resolve(&first)
	r.Resolve(&old)
	resolve := during(tune("y", "2"), old.Method, func() {
		for i := range 10 {
			r.Resolve(&policy.Call{Method: fmt.Sprintf("/flood%d.X/Y", i)})
		}
	})
	apply(t, r, rule("/old.*", resolve), rule("*", tune("x", "2")))
	if n := count(r); n > maxKeys {
		t.Errorf("%d keys; want at most %d", n, maxKeys)
	}
	if got := tunedIn(t, r.Resolve(&first)); got != tunedIn(t, waiting) || configOf(t, got) != "2" {
		t.Errorf("another policy than that of the call that waits, or configuration %q; want the same with 2", configOf(t, got))
	}
}

// What the overflow shares is made during a change and goes on.
func TestOverflowIsMadeWhileRulesAreApplied(t *testing.T) {
	t.Parallel()
	old := policy.Call{Method: "/old.S/M"}
	r := rulesOf(t, one(tune("x", "1")))
	r.Resolve(&old)
	var met policy.Policy
	resolve := during(tune("y", "2"), old.Method, func() { met = unknown(r).Policies()[0] })
	apply(t, r, rule("/old.*", resolve), rule("*", tune("x", "2")))
	if got := unknown(r).Policies()[0]; got != met || configOf(t, got) != "2" {
		t.Error("another policy past the key limit than the one from during the change")
	}
}

// Rules and shadow rules that are for the same calls are found by name as well.
func TestManySums(t *testing.T) {
	t.Parallel()
	five, four := slices.Repeat([]rules.Template{template("x")}, 5), slices.Repeat([]rules.Template{template("x")}, 4)
	var all []rules.Rule
	for i := range 3000 {
		all = append(all, rule(fmt.Sprintf("/a%d.*", i), five...), shadow(rule(fmt.Sprintf("/b%d.*", i), four...)))
	}
	rulesOf(t, all)
	_, err := rules.New(append(all, shadow(rule("*", four...))))
	if got := strings.Count(err.Error(), "\n") + 1; got != 101 {
		t.Errorf("%d faults are told; want 100, and that there are more", got)
	}
}
