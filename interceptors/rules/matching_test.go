package rules_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

func TestTargetsAndSides(t *testing.T) {
	t.Parallel()
	const a, b = "dns:///a", "dns:///b"
	all := []rules.Rule{
		onClients(rule("*", template("clients"))),
		{Match: "*", Sides: []policy.Side{policy.Server, policy.Local}, Policies: []rules.Template{template("servers")}},
		to(a, rule("*", template("a"))),
		to(a+"#eu", rule("*", template("eu of a"))),
		rule("/shop.*", template("shop")),
		to(a, onClients(rule("/shop.*", template("shop of a")))),
		to(b, rule("/shop.catalog.*", template("catalog of b"))),
		to(b, rule("/shop.Cart/*", template("cart of b"))),
		to(b, rule("/shop.Cart/Get", template("get of b"))),
	}
	for _, tt := range []struct {
		name, method, target string
		side                 policy.Side
		want                 string
	}{
		{"client", "/x.Y/Z", "", policy.Client, "clients"},
		{"server", "/x.Y/Z", "", policy.Server, "servers"},
		{"local", "/x.Y/Z", "", policy.Local, "servers"},
		{"target", "/x.Y/Z", a, policy.Client, "a"},
		{"another target", "/x.Y/Z", b, policy.Client, "clients"},
		{"package", "/shop.Y/Z", b, policy.Client, "shop"},
		{"package on a server", "/shop.Y/Z", "", policy.Server, "shop"},
		{"package and target", "/shop.Y/Z", a, policy.Client, "shop of a"},
		{"the pattern before the target", "/shop.catalog.Items/Get", b, policy.Client, "catalog of b"},
		{"the next pattern for another target", "/shop.catalog.Items/Get", a, policy.Client, "shop of a"},
		{"service and target", "/shop.Cart/List", b, policy.Client, "cart of b"},
		{"method and target", "/shop.Cart/Get", b, policy.Client, "get of b"},
		{"method and another target", "/shop.Cart/Get", "dns:///c", policy.Client, "shop"},
		{"health", "/grpc.health.v1.Health/Check", a, policy.Client, "unguarded"},
		{"a connection with a rule", "/x.Y/Z", a + "#eu", policy.Client, "eu of a"},
		{"a connection without a rule", "/x.Y/Z", a + "#us", policy.Client, "a"},
		{"a connection of the target with a closer pattern", "/shop.Y/Z", a + "#eu", policy.Client, "shop of a"},
		{"a connection of a target without rules", "/x.Y/Z", "dns:///c#eu", policy.Client, "clients"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, given := range [][]rules.Rule{all, reversed(all)} {
				r := rulesOf(t, given)
				call := policy.Call{Method: tt.method, Target: tt.target, Side: tt.side}
				if got := labels(t, r.Resolve(&call)); got != tt.want {
					t.Errorf("Resolve: %q; want %q", got, tt.want)
				}
				if got := labels(t, r.Resolve(new(unregistered(call)))); got != tt.want {
					t.Errorf("unregistered: %q; want %q", got, tt.want)
				}
			}
		})
	}
}

// Shadow rules are found by themselves and lie beside the others.
func TestShadowRules(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, []rules.Rule{
		rule("*", template("any")),
		rule("/shop.Cart/Get", template("get")),
		rule("/free.*"),
		shadow(rule("/shop.*", template("watched"))),
		shadow(rule("/free.*", template("watched"))),
		shadow(rule("/shop.Cart/List", template("list"))),
	})
	for _, tt := range []struct{ name, method, want, overflow, rules string }{
		{"neither is closer", "/shop.Catalog/Get", "any watched", "any", "* /shop.*"},
		{"a closer rule", "/shop.Cart/Get", "get watched", "get", "/shop.Cart/Get /shop.*"},
		{"a closer shadow rule", "/shop.Cart/List", "any list", "any", "* /shop.Cart/List"},
		{"an unguarded method", "/free.Thing/Get", "watched", "unguarded", "/free.* /free.*"},
		{"no shadow rule", "/users.Users/Get", "any", "any", "*"},
		{"no rule", "/grpc.health.v1.Health/Check", "unguarded", "unguarded", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			call := policy.Call{Method: tt.method}
			if got := labels(t, r.Resolve(&call)); got != tt.want {
				t.Errorf("Resolve: %q; want %q", got, tt.want)
			}
			for _, p := range r.Resolve(&call).Policies() {
				if m, ok := p.(*made); !ok || m.key.Shadow != (m.label == "watched" || m.label == "list") {
					t.Errorf("%+v; want a shadow rule's to know", p)
				}
			}
			if got := labels(t, r.Resolve(new(unregistered(call)))); got != tt.overflow {
				t.Errorf("unregistered: %q; want %q", got, tt.overflow)
			}
			var matches []string
			for _, m := range r.Matching(&call) {
				matches = append(matches, m.Match)
			}
			if got := strings.Join(matches, " "); got != tt.rules {
				t.Errorf("Matching: %q; want %q", got, tt.rules)
			}
		})
	}
}

func TestFaultsOfTargetsSidesAndShadows(t *testing.T) {
	t.Parallel()
	x := template("x")
	many := func(n int) []rules.Template { return slices.Repeat([]rules.Template{x}, n) }
	server := []policy.Side{policy.Server}
	for _, tt := range []struct {
		name  string
		rules []rules.Rule
		want  string
	}{
		{
			"side",
			[]rules.Rule{{Match: "*", Sides: []policy.Side{9}}},
			`rule "*": side of the rule = 9; must be Client, Server or Local`,
		},
		{
			"target of a server",
			[]rules.Rule{{Match: "*", Target: "a", Sides: server}},
			`rule "*": target = "a"; must be empty in a rule that is not for clients`,
		},
		{
			"one target twice",
			[]rules.Rule{to("a", rule("*")), to("a", onClients(rule("*")))},
			`rules: match = "*", target = "a", side = client stands in two rules; must be in one`,
		},
		{
			"one side twice",
			[]rules.Rule{rule("*"), {Match: "*", Sides: server}},
			`rules: match = "*", side = server stands in two rules; must be in one`,
		},
		{
			"shadow twice",
			[]rules.Rule{shadow(rule("*")), shadow(rule("*"))},
			`rules: match = "*", shadow stands in two rules; must be in one`,
		},
		{
			"too many with the shadow rule",
			[]rules.Rule{rule("*", many(5)...), shadow(rule("/a.*", many(4)...))},
			`rule "*", with shadow rule "/a.*": chain has 9 policies; must be at most 8`,
		},
		{
			"too many with the closer rule",
			[]rules.Rule{rule("/a.B/C", many(5)...), shadow(rule("/a.B/*", many(4)...))},
			`rule "/a.B/C", with shadow rule "/a.B/*": chain has 9 policies; must be at most 8`,
		},
		{
			"too many for a connection, with its target's shadow rule",
			[]rules.Rule{to("a#eu", rule("*", many(5)...)), to("a", shadow(rule("*", many(4)...)))},
			`rule "*", with shadow rule "*": chain has 9 policies; must be at most 8`,
		},
		{
			"too many for a target, with the shadow rule of its connection",
			[]rules.Rule{to("a", rule("*", many(5)...)), to("a#eu", shadow(rule("*", many(4)...)))},
			`rule "*", with shadow rule "*": chain has 9 policies; must be at most 8`,
		},
		{
			"too many for a target's method, with the shadow rule of a connection to it",
			[]rules.Rule{to("a", rule("/a.B/C", many(5)...)), to("a#eu", shadow(rule("*", many(4)...)))},
			`rule "/a.B/C", with shadow rule "*": chain has 9 policies; must be at most 8`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := rules.New(tt.rules); err == nil || err.Error() != tt.want {
				t.Errorf("error = %v\nwant %s", err, tt.want)
			}
		})
	}
}

// Rules that no call meets together may have many policies together.
func TestRulesThatMeetNoCallTogether(t *testing.T) {
	t.Parallel()
	many := slices.Repeat([]rules.Template{template("x")}, 5)
	onServers := slices.Repeat([]rules.Template{template("x").On(policy.Server)}, 5)
	for _, all := range [][]rules.Rule{
		{rule("/a.*", many...), shadow(rule("/b.*", many...))},
		{rule("/a.B/*", many...), shadow(rule("/a.C/*", many...))},
		{rule("/a.B/C", many...), shadow(rule("/a.B/D", many...))},
		{to("a", rule("*", many...)), to("b", shadow(rule("*", many...)))},
		{to("a#eu", rule("*", many...)), to("a#us", shadow(rule("*", many...)))},
		{onClients(rule("*", many...)), shadow(rule("*", onServers...))},
	} {
		rulesOf(t, all)
	}
}

func TestFaultsOfKindsAndCompartments(t *testing.T) {
	t.Parallel()
	x := tune("x", "1")
	broken := x
	broken.Update = func(rules.Key, policy.Policy) error { return errPlain }
	unnamed := x
	unnamed.Kind = ""
	for _, tt := range []struct {
		name  string
		rules []rules.Rule
		want  string
	}{
		{"Update fails", one(broken), `rule "*": plain`},
		{"Update without a kind", one(unnamed), `rule "*": kind of policy 0 = ""; must be set in a compartment and with Update`},
		{"compartment without a kind", one(template("y").In("a")), `rule "*": kind of policy 0 = ""; must be set in a compartment and with Update`},
		{"no name", one(x, x.In("")), `rule "*": compartment of policy 1 = ""; must be a name`},
		{
			"a scope in a compartment", one(x.In("a").Per(rules.PerTarget)),
			`rule "*": scope of policy 0 = per_target; must be PerCompartment in compartment "a"`,
		},
		{"twice in a rule", one(x.In("a"), x.In("a")), `rule "*": compartment of policy 1 = "a"; must be named by one x of a rule`},
		{
			"no agreement",
			[]rules.Rule{rule("*", x.In("a")), rule("/a.*", tune("x", "2").In("a"))},
			`rule "/a.*": configuration of policy 0 = 2; must be that of compartment "a" in rule "*", 1`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := rules.New(tt.rules); err == nil || err.Error() != tt.want {
				t.Errorf("error = %v\nwant %s", err, tt.want)
			}
		})
	}
	rulesOf(t, one(x.In("a"), tune("y", "2").In("a"), x.In("b")))
}

// The rules keep what they were given, whatever becomes of the slices.
func TestRulesAreCopied(t *testing.T) {
	t.Parallel()
	given := []rules.Rule{onClients(rule("*", template("x")))}
	r := rulesOf(t, given)
	given[0].Policies[0] = template("y")
	given[0].Sides[0] = policy.Server
	if got := labels(t, known(r)); got != "x" {
		t.Errorf("%q; want x", got)
	}
}
