package rules_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// made is a policy that a template made. It does not know whether it is idle.
type made struct {
	label string
	layer policy.Layer
	key   rules.Key
}

func (m *made) Layer() policy.Layer { return m.layer }

func (m *made) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}

// template makes policies with a label.
func template(label string) rules.Template { return templateAt(label, policy.LayerCustom) }

func templateAt(label string, l policy.Layer) rules.Template {
	return rules.Template{New: func(k rules.Key) (policy.Policy, error) {
		return &made{label: label, layer: l, key: k}, nil
	}}
}

func rulesOf(tb testing.TB, all []rules.Rule, opts ...rules.Option) *rules.Rules {
	tb.Helper()
	r, err := rules.New(all, opts...)
	if err != nil {
		tb.Fatalf("New: %v", err)
	}
	return r
}

// labels are those of the policies of c, which templates made.
func labels(tb testing.TB, c *policy.Chain) string {
	tb.Helper()
	if c == nil {
		return "unguarded"
	}
	all := make([]string, 0, policy.MaxPolicies)
	for _, p := range c.Policies() {
		m, ok := p.(*made)
		if !ok {
			tb.Fatalf("policy %T is not one that a template made", p)
		}
		all = append(all, m.label)
	}
	return strings.Join(all, " ")
}

// only is the one policy that r has for call.
func only(tb testing.TB, r *rules.Rules, call policy.Call) policy.Policy {
	tb.Helper()
	policies := r.Resolve(&call).Policies()
	if len(policies) != 1 {
		tb.Fatalf("%+v has %d policies; want 1", call, len(policies))
	}
	return policies[0]
}

func rule(match string, templates ...rules.Template) rules.Rule {
	return rules.Rule{Match: match, Policies: templates}
}

func TestTheClosestRuleAlone(t *testing.T) {
	t.Parallel()
	all := []rules.Rule{
		rule("*", template("any")),
		rule("/shop.*", template("shop")),
		rule("/shop.catalog.v1.*", template("v1")),
		rule("/shop.catalog.*", template("catalog")),
		rule("/shop.catalog.v1.Items/*", template("items"), template("more items")),
		rule("/shop.catalog.v1.Items/Get", template("get")),
		rule("/shop.catalog.v1.Free/*"),
	}
	for _, tt := range []struct{ name, method, want string }{
		{"exact", "/shop.catalog.v1.Items/Get", "get"},
		{"service", "/shop.catalog.v1.Items/List", "items more items"},
		{"a method is not its prefix", "/shop.catalog.v1.Items/GetAll", "items more items"},
		{"longest package", "/shop.catalog.v1.Other/Get", "v1"},
		{"package below it", "/shop.catalog.v1.beta.Items/Get", "v1"},
		{"shorter package", "/shop.catalog.v2.Items/Get", "catalog"},
		{"shortest package", "/shop.Cart/Get", "shop"},
		{"a package is not its prefix", "/shopping.Cart/Get", "any"},
		{"a service is not its prefix", "/shop.catalog.v1.Items2/Get", "v1"},
		{"any", "/other.Thing/Get", "any"},
		{"no package", "/Thing/Get", "any"},
		{"not a method", "SELECT", "any"},
		{"empty", "", "any"},
		{"without policies", "/shop.catalog.v1.Free/Get", "unguarded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, given := range [][]rules.Rule{all, reversed(all)} {
				call := policy.Call{Method: tt.method}
				r := rulesOf(t, given)
				if got := labels(t, r.Resolve(&call)); got != tt.want {
					t.Errorf("Resolve(%q): %q; want %q", tt.method, got, tt.want)
				}
				if got := labels(t, r.Resolve(new(unregistered(call)))); got != tt.want {
					t.Errorf("unregistered %q: %q; want %q", tt.method, got, tt.want)
				}
			}
		})
	}
}

func reversed(all []rules.Rule) []rules.Rule {
	backwards := slices.Clone(all)
	slices.Reverse(backwards)
	return backwards
}

// A breaker that refuses health checks turns a blip into an outage.
func TestHealthChecksAreUnguardedUnlessNamed(t *testing.T) {
	t.Parallel()
	const (
		check   = "/grpc.health.v1.Health/Check"
		reflect = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
		channel = "/grpc.channelz.v1.Channelz/GetServers"
		admin   = "/afloat.admin.v1.AdminService/Override"
	)
	for _, tt := range []struct{ name, match, method, want string }{
		{"health", "*", check, "unguarded"},
		{"reflection", "*", reflect, "unguarded"},
		{"channelz", "*", channel, "unguarded"},
		{"what changes the guard", "*", admin, "unguarded"},
		{"what changes the guard, by package", "/afloat.*", admin, "named"},
		{"another service of that package", "*", "/grpc.health.v1.Healthy/Check", "named"},
		{"another package of gRPC", "*", "/grpc.lookup.v1.RouteLookupService/RouteLookup", "named"},
		{"health, by service", "/grpc.health.v1.Health/*", check, "named"},
		{"health, by method", check, check, "named"},
		{"health, by package", "/grpc.health.*", check, "named"},
		{"all of gRPC, by package", "/grpc.*", channel, "named"},
		{"reflection, by package", "/grpc.reflection.*", reflect, "named"},
		{"health, when another is named", "/grpc.reflection.*", check, "unguarded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := rulesOf(t, []rules.Rule{rule(tt.match, template("named"))})
			if got := labels(t, r.Resolve(&policy.Call{Method: tt.method})); got != tt.want {
				t.Errorf("under %q, %s: %q; want %q", tt.match, tt.method, got, tt.want)
			}
		})
	}
}

func TestNoRules(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, nil)
	call := policy.Call{Method: method}
	if r.Resolve(&call) != nil || r.Resolve(new(unregistered(call))) != nil {
		t.Error("a call has a chain; want none without rules")
	}
	for k := range r.All() {
		t.Errorf("All() yields %+v", k)
	}
}

func TestNewRulesFaults(t *testing.T) {
	t.Parallel()
	fails := rules.Template{New: func(rules.Key) (policy.Policy, error) { return nil, errPlain }}
	forgets := rules.Template{New: func(rules.Key) (policy.Policy, error) { return nil, nil }}
	good := template("good")
	for _, tt := range []struct {
		name  string
		rules []rules.Rule
		opts  []rules.Option
		want  []string
	}{
		{"repeated method", twice(method), nil, []string{`rules: match = "/shop.Catalog/Get" stands in two rules; must be in one`}},
		{"repeated service", twice("/shop.Catalog/*"), nil, []string{`match = "/shop.Catalog/*" stands in two rules`}},
		{"repeated package", twice("/shop.*"), nil, []string{`match = "/shop.*" stands in two rules`}},
		{"repeated any", twice("*"), nil, []string{`match = "*" stands in two rules`}},
		{"no function", one(rules.Template{}), nil, []string{`rule "*": New of policy 0 = nil; must be a function`}},
		{
			"scope", one(good, good.Per(7)), nil,
			[]string{`rule "*": scope of policy 1 = Scope(7); must be PerMethod, PerService, PerTarget or PerCompartment`},
		},
		{
			"side", one(good.On(policy.Client, 5)), nil,
			[]string{`rule "*": side of policy 0 = 5; must be Client, Server or Local`},
		},
		{"New fails", one(fails), nil, []string{`rule "*": plain`}},
		{"New forgets", one(good, forgets), nil, []string{`rule "*": New of policy 1 returned nil; must return a policy`}},
		{"no shared policy", one(rules.Use(nil)), nil, []string{`rule "*": shared policy = nil; must be a policy`}},
		{
			"too many", one(slices.Repeat([]rules.Template{good}, 9)...), nil,
			[]string{`rule "*": chain has 9 policies; must be at most 8`},
		},
		{
			"too many with the breaker",
			one(append(slices.Repeat([]rules.Template{good}, 8), templateAt("breaker", policy.LayerBreaker))...), nil,
			[]string{`rule "*": chain has 9 policies; must be at most 8`},
		},
		{"no keys", nil, []rules.Option{rules.WithMaxKeys(0)}, []string{"rules: max_keys = 0; must be in [1, 1048576]"}},
		{"keys below none", nil, []rules.Option{rules.WithMaxKeys(-1)}, []string{"max_keys = -1"}},
		{"too many keys", nil, []rules.Option{rules.WithMaxKeys(1<<20 + 1)}, []string{"max_keys = 1048577"}},
		{
			"all at once",
			[]rules.Rule{
				rule("*", fails, rules.Template{}), rule("catalog", forgets), rule("*", good.Per(9)),
				rule("/a.B/*", slices.Repeat([]rules.Template{good}, 12)...),
			},
			[]rules.Option{rules.WithMaxKeys(0)},
			[]string{
				"max_keys = 0", `rule "*": plain`, `rule "*": New of policy 1 = nil`,
				`match = "catalog"`, `rule "catalog": New of policy 0 returned nil`,
				`match = "*" stands in two rules`, `rule "*": scope of policy 0 = Scope(9)`,
				`rule "/a.B/*": chain has 12 policies`,
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := rules.New(tt.rules, tt.opts...)
			if err == nil || r != nil {
				t.Fatalf("New = %v, %v; want nil and an error", r, err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error:\n%v\nwant in it:\n%s", err, want)
				}
			}
			if got := strings.Count(err.Error(), "\n") + 1; got != len(tt.want) {
				t.Errorf("error has %d lines; want %d:\n%v", got, len(tt.want), err)
			}
			if strings.Contains(err.Error(), "plain") && !errors.Is(err, errPlain) {
				t.Error("the error of New is not wrapped")
			}
		})
	}
}

func one(templates ...rules.Template) []rules.Rule { return []rules.Rule{rule("*", templates...)} }

func twice(match string) []rules.Rule {
	return []rules.Rule{rule(match, template("first")), rule(match, template("second"))}
}

// As many policies as fit on each side make a good rule.
func TestSidesAreCountedApart(t *testing.T) {
	t.Parallel()
	eight := slices.Repeat([]rules.Template{template("x").On(policy.Client)}, 8)
	r := rulesOf(t, one(append(eight, template("y").On(policy.Server))...))
	if got := labels(t, r.Resolve(&policy.Call{Side: policy.Server})); got != "y" {
		t.Errorf("a server's policies: %q; want y", got)
	}
	if got := len(r.Resolve(&policy.Call{Side: policy.Client}).Policies()); got != 8 {
		t.Errorf("a client has %d policies; want 8", got)
	}
}

func TestMaxKeysAtItsLimits(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 1 << 20} {
		rulesOf(t, one(template("any")), rules.WithMaxKeys(n))
	}
}

func TestRulesObserver(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		opts func(o policy.Observer) []rules.Option
		want []policytest.EventKind
	}{
		{"none", func(policy.Observer) []rules.Option { return nil }, nil},
		{
			"nil",
			func(policy.Observer) []rules.Option { return []rules.Option{rules.WithObserver(nil)} }, nil,
		},
		{
			"one",
			func(o policy.Observer) []rules.Option { return []rules.Option{rules.WithObserver(o)} }, everything,
		},
		{
			"the later, nil",
			func(o policy.Observer) []rules.Option {
				return []rules.Option{rules.WithObserver(o), rules.WithObserver(nil)}
			}, nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := &fragile{}
			r := rulesOf(t, one(template("any")), tt.opts(o)...)
			chains := []*policy.Chain{r.Resolve(&policy.Call{Method: method}), r.Resolve(new(unregistered(policy.Call{Method: method})))}
			for _, c := range chains {
				o.Reset()
				m, ok := c.Policies()[0].(*made)
				if !ok || m.key.Observer == nil {
					t.Fatal("the policy's observer is nil")
				}
				tellAll(m.key.Observer)
				if got := o.Kinds(); !slices.Equal(got, tt.want) {
					t.Errorf("of %q heard %v; want %v", m.key.Name, got, tt.want)
				}
				if got := c.Observer() != nil; got != (tt.want != nil) {
					t.Errorf("the chain has an observer: %v", got)
				}
			}
		})
	}
}
