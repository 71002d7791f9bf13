package rules_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// tuned is a policy that can be updated.
type tuned struct {
	made

	config atomic.Pointer[string]
	// inFlight makes it busy.
	inFlight atomic.Int64
}

func (p *tuned) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	p.inFlight.Add(1)
	return policy.Permit{Settler: p}, nil
}

func (p *tuned) Settle(uint64, *policy.Outcome) { p.inFlight.Add(-1) }

func (p *tuned) Idle() bool { return p.inFlight.Load() == 0 }

// tune is a template of tuned policies.
func tune(kind, config string) rules.Template {
	return rules.Template{
		Kind: kind, Config: config,
		New: func(k rules.Key) (policy.Policy, error) {
			p := &tuned{made: made{label: kind, layer: policy.LayerCustom, key: k}}
			p.config.Store(&config)
			return p, nil
		},
		Update: func(_ rules.Key, p policy.Policy) error {
			t, ok := p.(*tuned)
			if !ok {
				return errPlain
			}
			t.config.Store(&config)
			return nil
		},
	}
}

func apply(tb testing.TB, r *rules.Rules, rules ...rules.Rule) {
	tb.Helper()
	if err := r.Apply(rules); err != nil {
		tb.Fatalf("Apply: %v", err)
	}
}

// configOf is the configuration of a tuned policy.
func configOf(tb testing.TB, p policy.Policy) string {
	tb.Helper()
	t, ok := p.(*tuned)
	if !ok {
		tb.Fatalf("policy %T is not tuned", p)
	}
	return *t.config.Load()
}

func onClients(r rules.Rule) rules.Rule {
	r.Sides = []policy.Side{policy.Client}
	return r
}

func to(target string, r rules.Rule) rules.Rule {
	r.Target = target
	return r
}

func shadow(r rules.Rule) rules.Rule {
	r.Shadow = true
	return r
}

// A policy goes on if its identity stays, whichever rule has it.
func TestApplyKeepsPolicies(t *testing.T) {
	t.Parallel()
	x, y := tune("x", "before"), tune("x", "after")
	const target = "dns:///shop"
	for _, tt := range []struct {
		name          string
		before, after []rules.Rule
		kept          bool
	}{
		{"the same rule", one(x), one(y), true},
		{"a rule of its own", one(x), []rules.Rule{rule("*", x), rule(method, y)}, true},
		{"back under the wide rule", []rules.Rule{rule("*"), rule(method, x)}, one(y), true},
		{"a rule for its target", one(x), []rules.Rule{rule("*", x), to(target, rule("*", y))}, true},
		{"a rule for its side", one(x), []rules.Rule{onClients(rule("*", y))}, true},
		{"another policy before it", one(x), one(template("z"), y), true},
		{"another kind", one(x), one(tune("z", "after")), false},
		{"another scope", one(x), one(y.Per(rules.PerService)), false},
		{"into a compartment", one(x), one(y.In("a")), false},
		{"in shadow", one(x), []rules.Rule{shadow(rule("*", y))}, false},
		{"without Update", one(x), one(noUpdate(y)), false},
		{"from one without Update", one(noUpdate(x)), one(y), true},
		{"second of its kind", one(tune("x", "other").On(policy.Server), x), one(y), true},

		{"per service", one(x.Per(rules.PerService)), one(y.Per(rules.PerService)), true},
		{"per service, by another rule", one(x.Per(rules.PerService)), []rules.Rule{rule(method, y.Per(rules.PerService))}, false},
		{"per target", one(x.Per(rules.PerTarget)), one(y.Per(rules.PerTarget)), true},
		{
			"per target, by a rule for the target", one(x.Per(rules.PerTarget)),
			[]rules.Rule{rule("*", x.Per(rules.PerTarget)), to(target, rule("*", y.Per(rules.PerTarget)))},
			true,
		},
		{"in a compartment", one(x.In("a")), one(y.In("a")), true},
		{"in a compartment, by another rule", one(x.In("a")), []rules.Rule{rule(method, y.In("a"))}, true},
		{"in another compartment", one(x.In("a")), one(y.In("b")), false},
		{"in shadow before and after", []rules.Rule{shadow(rule("*", x))}, []rules.Rule{shadow(rule(method, y))}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := rulesOf(t, tt.before)
			call := policy.Call{Method: method, Target: target}
			was := find(t, r, call)
			apply(t, r, tt.after...)
			is := find(t, r, call)
			if kept := was == is; kept != tt.kept {
				t.Errorf("kept: %v; want %v", kept, tt.kept)
			}
			if got := configOf(t, is); got != "after" {
				t.Errorf("configuration %q; want that after the change", got)
			}
		})
	}
}

func noUpdate(t rules.Template) rules.Template {
	t.Update = nil
	return t
}

// find is the last tuned policy of a call.
func find(tb testing.TB, r *rules.Rules, call policy.Call) policy.Policy {
	tb.Helper()
	var last policy.Policy
	for _, p := range r.Resolve(&call).Policies() {
		if _, ok := p.(*tuned); ok {
			last = p
		}
	}
	if last == nil {
		tb.Fatalf("%+v has no policy that can be updated", call)
	}
	return last
}

// A policy by Use is nobody's but the caller's.
func TestApplyKeepsPoliciesByUse(t *testing.T) {
	t.Parallel()
	given := &made{label: "given"}
	r := rulesOf(t, one(rules.Use(given)))
	call := policy.Call{Method: method}
	only(t, r, call)
	apply(t, r, rule(method, rules.Use(given)))
	if only(t, r, call) != given {
		t.Error("another policy; want the one that was given")
	}
}

func TestApplyRefusesWhole(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, one(tune("x", "before")))
	call := policy.Call{Method: method}
	chain := r.Resolve(&call)
	err := r.Apply([]rules.Rule{rule("*", tune("x", "after")), rule("nonsense"), rule("/a.B/*", rules.Template{})})
	for _, want := range []string{`match = "nonsense"`, `rule "/a.B/*": New of policy 0 = nil`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v; want in it: %s", err, want)
		}
	}
	if r.Resolve(&call) != chain || configOf(t, chain.Policies()[0]) != "before" {
		t.Error("something changed; want nothing")
	}
}

func TestApplyMakesAndDropsKeys(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, []rules.Rule{rule("/a.*", tune("x", "before"))})
	a, b := policy.Call{Method: "/a.B/C"}, policy.Call{Method: "/b.C/D"}
	r.Resolve(&a)
	if r.Resolve(&b) != nil {
		t.Error("b is guarded before there is a rule")
	}
	apply(t, r, rule("/b.*", template("y")))
	if r.Resolve(&a) != nil || count(r) != 0 {
		t.Errorf("a is guarded after its rule has gone; %d keys", count(r))
	}
	if got := labels(t, r.Resolve(&b)); got != "y" {
		t.Errorf("b has %q; want y", got)
	}
	apply(t, r, rule("/b.*"))
	if r.Resolve(&b) != nil {
		t.Error("b is guarded by a rule without policies")
	}
}

// Calls that hold permits of a policy that is removed settle with it.
func TestRemovedPoliciesDrain(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, one(tune("x", "before")))
	call := policy.Call{Method: method}
	old, ok := only(t, r, call).(*tuned)
	if !ok {
		t.Fatal("not tuned")
	}
	err := r.Resolve(&call).Run(t.Context(), method, func(context.Context) error {
		apply(t, r, rule("*", template("y")))
		if old.inFlight.Load() != 1 {
			t.Error("the call has lost its permit")
		}
		return nil
	})
	if err != nil || old.inFlight.Load() != 0 {
		t.Errorf("err = %v, %d in flight; want none", err, old.inFlight.Load())
	}
}

// What an Update says it cannot keep is made anew, wherever it is used.
func TestPoliciesThatCannotBeUpdatedAreMadeAnew(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		scope func(rules.Template) rules.Template
		where func(*rules.Rules) *policy.Chain
	}{
		{"per method", itself, known},
		{"per target", func(t rules.Template) rules.Template { return t.Per(rules.PerTarget) }, known},
		{"in a compartment", func(t rules.Template) rules.Template { return t.In("a") }, known},
		{"past the key limit", itself, unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			foreign := template("foreign")
			foreign.Kind = "x"
			r := rulesOf(t, one(tt.scope(foreign), tt.scope(tune("y", "before"))))
			was := tt.where(r).Policies()
			apply(t, r, rule("*", tt.scope(tune("x", "after")), tt.scope(tune("y", "after"))))
			is := tt.where(r).Policies()
			if is[0] == was[0] || is[1] != was[1] {
				t.Errorf("kept: %v, %v; want false, true", is[0] == was[0], is[1] == was[1])
			}
			for _, p := range is {
				if got := configOf(t, p); got != "after" {
					t.Errorf("configuration %q; want that after the change", got)
				}
			}
		})
	}
}

func itself(t rules.Template) rules.Template { return t }

func known(r *rules.Rules) *policy.Chain { return r.Resolve(&policy.Call{Method: method}) }

func unknown(r *rules.Rules) *policy.Chain {
	return r.Resolve(new(unregistered(policy.Call{Method: method})))
}

// What several keys share is not made twice because its keys have other rules
// for a while: calls may still hold permits of it.
func TestSharedPoliciesOutliveTheirKeys(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		template func(config string) rules.Template
	}{
		{"per target", func(c string) rules.Template { return tune("x", c).Per(rules.PerTarget) }},
		{"per service", func(c string) rules.Template { return tune("x", c).Per(rules.PerService) }},
		{"in a compartment", func(c string) rules.Template { return tune("x", c).In("a") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first, second := policy.Call{Method: "/a.B/C"}, policy.Call{Method: "/a.B/D"}
			r := rulesOf(t, one(tt.template("1")), rules.WithMaxKeys(1))
			shared := only(t, r, first)
			permit, err := shared.Acquire(t.Context(), &first)
			if err != nil {
				t.Fatal(err)
			}
			apply(t, r, rule("*", tt.template("2")), rule(first.Method, tune("y", "")), rule("/flood.*", tune("y", "")))
			if got := configOf(t, shared); got != "2" {
				t.Errorf("configuration %q; want that after the change", got)
			}
			r.Resolve(&policy.Call{Method: "/flood.A/B"}) // no room but by dropping
			if only(t, r, second) != shared {
				t.Error("another policy while the first has a call in flight")
			}
			permit.Settler.Settle(permit.Token, &policy.Outcome{})
		})
	}
}

// A compartment goes on while any rule names it on its side.
func TestCompartmentsOutliveTheirRules(t *testing.T) {
	t.Parallel()
	a, b := policy.Call{Method: "/a.B/C"}, policy.Call{Method: "/b.C/D"}
	r := rulesOf(t, []rules.Rule{rule("/a.*", tune("x", "1").In("payments"))})
	was := only(t, r, a)
	apply(t, r, rule("/b.*", tune("x", "2").In("payments")))
	if only(t, r, b) != was {
		t.Error("the compartment is another one under the new rule")
	}
	apply(t, r, rules.Rule{
		Match: "/b.*", Sides: []policy.Side{policy.Server},
		Policies: []rules.Template{tune("x", "3").In("payments")},
	})
	if b.Side = policy.Server; only(t, r, b) == was {
		t.Error("a server has the compartment of clients")
	}
	for l := range r.Live() {
		if l.Policy == was {
			t.Error("the compartment of clients is in force, though no rule names it there")
		}
	}
}

// What only watches shares nothing with what refuses.
func TestShadowsHaveCompartmentsOfTheirOwn(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, []rules.Rule{rule("*", tune("x", "1").In("a")), shadow(rule("*", tune("x", "2").In("a")))})
	policies := known(r).Policies()
	if policies[0] == policies[1] || configOf(t, policies[0]) != "1" || configOf(t, policies[1]) != "2" {
		t.Error("a shadow rule has the compartment of another rule")
	}
}

func TestOverflowGoesOn(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, []rules.Rule{rule("*", tune("x", "1")), to("dns:///a", rule("*", tune("x", "a")))})
	plain := unknown(r).Policies()[0]
	targeted := r.Resolve(new(unregistered(policy.Call{Method: method, Target: "dns:///a"}))).Policies()[0]
	if plain == targeted {
		t.Error("two rules share the policy for calls past the key limit")
	}
	apply(t, r, to("dns:///a", rule("*", tune("x", "b"))), rule("*", tune("x", "2")))
	if unknown(r).Policies()[0] != plain || configOf(t, plain) != "2" {
		t.Errorf("another policy, or configuration %q; want the same with 2", configOf(t, plain))
	}
	apply(t, r, rule("*", tune("x", "3")))
	is := r.Resolve(new(unregistered(policy.Call{Method: method, Target: "dns:///a"}))).Policies()[0]
	if is != plain || configOf(t, plain) != "3" {
		t.Error("the rule for all targets has another policy past the key limit")
	}
}

// A change may make room: it ends the time in which full rules do not look.
func TestApplyMakesRoom(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, one(template("busy")), rules.WithMaxKeys(1))
	r.Resolve(&policy.Call{Method: "/a.B/First"})
	next := policy.Call{Method: "/a.B/Next"}
	if r.Resolve(&next) != r.Resolve(new(unregistered(next))) {
		t.Fatal("there is room for two keys")
	}
	apply(t, r, rule("/a.B/First"), rule("*", template("x")))
	if r.Resolve(&next) == r.Resolve(new(unregistered(next))) {
		t.Error("a key has gone, and there is still no room")
	}
}

// A template that fails during a change leaves its key to the next call.
func TestTemplateThatFailsDuringApply(t *testing.T) {
	t.Parallel()
	f := &factory{}
	r := rulesOf(t, one(tune("x", "1")))
	known(r)
	late := f.template("y", policy.LayerCustom)
	first := true
	failing := rules.Template{New: func(k rules.Key) (policy.Policy, error) {
		if first { // the trial
			first = false
			return late.New(k)
		}
		return nil, errPlain
	}}
	apply(t, r, rule("*", failing))
	if got := named(known(r)); got != "y of (overflow);" {
		t.Errorf("%q; want what was made for the trial", got)
	}
}

// A call has the policies of one set of rules, whenever it looks.
func TestNoCallSeesHalfOfAChange(t *testing.T) {
	t.Parallel()
	of := func(label string) []rules.Rule {
		return one(template(label), template(label).Per(rules.PerTarget), template(label).In("all"))
	}
	named := func(rules []rules.Rule) []rules.Rule {
		rules[0].Policies[2].Kind = "x"
		return rules
	}
	r := rulesOf(t, named(of("a")), rules.WithMaxKeys(50))
	var load sync.WaitGroup
	stop := make(chan struct{})
	for i := range 3 {
		load.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				got := labels(t, r.Resolve(&policy.Call{Method: fmt.Sprintf("/a.B/C%d", n%(20*(i+1)))}))
				if got != "a a a" && got != "b b b" {
					t.Errorf("a call has the policies %q; want those of one set of rules", got)
					return
				}
			}
		})
	}
	for range 300 {
		apply(t, r, named(of("b"))...)
		apply(t, r, named(of("a"))...)
	}
	close(stop)
	load.Wait()
}

func TestApplyConcurrentSafe(t *testing.T) {
	t.Parallel()
	const maxKeys = 8
	r := rulesOf(t, changing(0, "start"), rules.WithMaxKeys(maxKeys))
	var load, changes sync.WaitGroup
	stop := make(chan struct{})
	for i := range 3 {
		load.Go(func() { call(t, r, i, stop) })
	}
	for i := range 2 {
		changes.Go(func() {
			for n := range 200 {
				rules := changing(n%3, fmt.Sprint(i, n))
				if n%4 == 3 && r.Apply(append(rules, rule("?"))) == nil {
					t.Error("a bad pattern was applied")
				}
				apply(t, r, rules...)
				for l := range r.Live() {
					if l.Policy == nil || l.Name == "" {
						t.Errorf("a live policy without a name: %+v", l)
					}
				}
			}
		})
	}
	changes.Wait()
	close(stop)
	load.Wait()
	apply(t, r, changing(0, "end")...)
	if n := count(r); n > maxKeys {
		t.Errorf("%d keys; want at most %d", n, maxKeys)
	}
	for l := range r.Live() {
		p, ok := l.Policy.(*tuned)
		if !ok || p.inFlight.Load() != 0 || configOf(t, p) != "end" {
			t.Errorf("%s of %s: %d in flight, configuration %q; want 0, end", l.Kind, l.Name, p.inFlight.Load(), configOf(t, p))
		}
	}
}

// changing are rules of three forms.
func changing(form int, config string) []rules.Rule {
	rules := []rules.Rule{rule("*", tune("x", config), tune("y", config).Per(rules.PerService))}
	switch form {
	case 1:
		return append(rules, rule("/a.S1/*", tune("z", config).In("a")))
	case 2:
		return append(rules, rule("/a.S1/M1", tune("x", config)), shadow(rule("/a.*", tune("z", config))))
	default:
		return rules
	}
}

// call calls methods of a few services until it is stopped.
func call(tb testing.TB, r *rules.Rules, seed int, stop <-chan struct{}) {
	tb.Helper()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		m := fmt.Sprintf("/a.S%d/M%d", (n+seed)%3, (n*7+seed)%5)
		if err := r.Resolve(&policy.Call{Method: m}).Run(context.Background(), m, func(context.Context) error { return nil }); err != nil {
			tb.Error(err)
			return
		}
		r.Resolve(new(unregistered(policy.Call{Method: m})))
	}
}
