package rules_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

func TestScopes(t *testing.T) {
	t.Parallel()
	base := policy.Call{Method: "/shop.Catalog/Get", Target: "dns:///one"}
	with := func(f func(*policy.Call)) policy.Call {
		c := base
		f(&c)
		return c
	}
	others := map[string]policy.Call{
		"method":  with(func(c *policy.Call) { c.Method = "/shop.Catalog/List" }),
		"service": with(func(c *policy.Call) { c.Method = "/shop.Cart/Get" }),
		"target":  with(func(c *policy.Call) { c.Target = "dns:///two" }),
		"side":    with(func(c *policy.Call) { c.Side = policy.Server }),
		"kind":    with(func(c *policy.Call) { c.Shape = policy.BidiStream }),
	}
	for _, tt := range []struct {
		name     string
		template rules.Template
		key      rules.Key
		shares   []string
	}{
		{
			"default", template("x"),
			rules.Key{Name: "/shop.Catalog/Get", Target: "dns:///one"},
			[]string{"kind"},
		},
		{
			"method", template("x").Per(rules.PerMethod),
			rules.Key{Name: "/shop.Catalog/Get", Target: "dns:///one"},
			[]string{"kind"},
		},
		{
			"service", template("x").Per(rules.PerService),
			rules.Key{Name: "/shop.Catalog/", Target: "dns:///one"},
			[]string{"kind", "method"},
		},
		{
			"target", template("x").Per(rules.PerTarget),
			rules.Key{Name: "*", Target: "dns:///one"},
			[]string{"kind", "method", "service"},
		},
		{
			"one for all", rules.Use(&made{label: "used"}),
			rules.Key{},
			[]string{"kind", "method", "service", "side", "target"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := rulesOf(t, one(tt.template))
			own := only(t, r, base)
			m, ok := own.(*made)
			if !ok || m.key.Name != tt.key.Name || m.key.Target != tt.key.Target {
				t.Errorf("made for %+v; want %+v", m.key, tt.key)
			}
			for what, call := range others {
				if got, want := only(t, r, call) == own, slices.Contains(tt.shares, what); got != want {
					t.Errorf("a call of another %s shares the policy: %v; want %v", what, got, want)
				}
			}
			if only(t, r, base) != own {
				t.Error("the same call has another policy the second time")
			}
		})
	}
}

// Two templates of one rule, and two rules, share nothing, but for Use.
func TestTemplatesShareOnlyByUse(t *testing.T) {
	t.Parallel()
	perTarget := template("x").Per(rules.PerTarget)
	compartment := rules.Use(&made{label: "payments", layer: policy.LayerCustom})
	r := rulesOf(t, []rules.Rule{
		rule("/shop.Catalog/*", perTarget, perTarget, compartment),
		rule("/shop.Cart/*", perTarget, compartment),
	})
	catalog := r.Resolve(&policy.Call{Method: "/shop.Catalog/Get"}).Policies()
	cart := r.Resolve(&policy.Call{Method: "/shop.Cart/Get"}).Policies()
	if catalog[0] == catalog[1] || catalog[0] == cart[0] || catalog[1] == cart[0] {
		t.Error("templates of their own share a policy")
	}
	if catalog[2] != cart[1] {
		t.Error("a compartment that both rules name is two")
	}
}

func TestTemplatesOnSides(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, one(
		template("all"),
		template("client").On(policy.Client),
		template("server").On(policy.Server),
		template("functions").On(policy.Local, policy.Client),
	))
	for _, tt := range []struct {
		name string
		side policy.Side
		want string
	}{
		{"client", policy.Client, "all client functions"},
		{"server", policy.Server, "all server"},
		{"local", policy.Local, "all functions"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			call := policy.Call{Method: method, Side: tt.side}
			if got := labels(t, r.Resolve(&call)); got != tt.want {
				t.Errorf("Resolve: %q; want %q", got, tt.want)
			}
			if got := labels(t, r.Resolve(new(unregistered(call)))); got != tt.want {
				t.Errorf("unregistered: %q; want %q", got, tt.want)
			}
		})
	}
}

// A template is a value: deriving another from it leaves it as it was.
func TestTemplatesAreValues(t *testing.T) {
	t.Parallel()
	a := template("a")
	b := a.Per(rules.PerService).On(policy.Server)
	if a.Scope != rules.PerMethod || a.Sides != nil {
		t.Errorf("a = %+v; want it unchanged", a)
	}
	if b.Scope != rules.PerService || !slices.Equal(b.Sides, []policy.Side{policy.Server}) {
		t.Errorf("b = %+v; want per service, on servers", b)
	}
}

func TestAll(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, one(template("x")))
	want := map[rules.Key]*policy.Chain{}
	for _, m := range []string{"/a.B/C", "/a.B/D", "/a.C/D"} {
		for _, target := range []string{"dns:///one", "dns:///two"} {
			key := rules.Key{Name: m, Target: target, Observer: policy.NopObserver{}}
			want[key] = r.Resolve(&policy.Call{Method: m, Target: target})
		}
	}
	got := maps.Collect(r.All())
	if len(got) != len(want) {
		t.Errorf("All() yields %d keys; want %d", len(got), len(want))
	}
	for k, c := range want {
		if got[k] != c {
			t.Errorf("All() has %p for %+v; want %p", got[k], k, c)
		}
	}
	n := 0
	for range r.All() {
		n++
		break
	}
	if n != 1 {
		t.Errorf("All() went on after the loop ended: %d", n)
	}
}

// A rule that applies to no policy on this side leaves the call to itself.
func TestRuleOfAnotherSide(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, one(template("x").On(policy.Server)))
	c := r.Resolve(&policy.Call{Method: method, Side: policy.Client})
	if got := c.Policies(); len(got) != 0 {
		t.Errorf("a client has the policies %v; want none", got)
	}
	if err := c.Run(t.Context(), method, func(context.Context) error { return nil }); err != nil {
		t.Errorf("Do = %v", err)
	}
}

// A template of one type of policy hands out nothing with an error, and asks update
// about that type only.
func TestTemplateOf(t *testing.T) {
	t.Parallel()
	asked := 0
	update := func(rules.Key, *handing) error { asked++; return errPlain }
	good := rules.TemplateOf("hand", "config", func(rules.Key) (*handing, error) { return new(handing), nil }, update)
	if p, err := good.New(rules.Key{}); p == nil || err != nil || good.Kind != "hand" || good.Config != "config" {
		t.Errorf("New = %v, %v, of %+v", p, err, good)
	}
	if err := good.Update(rules.Key{}, handing{}); !errors.Is(err, rules.ErrOther) || asked != 0 {
		t.Errorf("Update of another type = %v, and asked %d times; want ErrOther and none", err, asked)
	}
	if err := good.Update(rules.Key{}, new(handing)); !errors.Is(err, errPlain) {
		t.Errorf("Update = %v; want the error of update", err)
	}
	bad := rules.TemplateOf("hand", nil, func(rules.Key) (*handing, error) { return new(handing), errPlain }, nil)
	if p, err := bad.New(rules.Key{}); p != nil || !errors.Is(err, errPlain) {
		t.Errorf("New = %v, %v; want nothing but the error", p, err)
	}
	if bad.Update != nil {
		t.Error("there is an Update without a function for it")
	}
}
