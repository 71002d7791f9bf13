package rules_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// fuse is a breaker of somebody else's.
type fuse struct{}

func (*fuse) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}
func (*fuse) Layer() policy.Layer { return policy.LayerBreaker }

// layersOn returns the layers of the policies that a call on a side has.
func layersOn(r *rules.Rules, side policy.Side) []policy.Layer {
	var layers []policy.Layer
	for _, p := range r.Resolve(&policy.Call{Method: method, Side: side}).Policies() {
		layers = append(layers, policy.LayerOf(p))
	}
	return layers
}

// A server has the breaker of a rule only if the rule or the template names that side,
// whoever's breaker it is and whatever it is shared by. Other policies it has.
func TestServersHaveBreakersByNameOnly(t *testing.T) {
	t.Parallel()
	own, err := breaker.New(breaker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	handMade := rules.Template{New: func(rules.Key) (policy.Policy, error) { return new(fuse), nil }}
	every := []policy.Side{policy.Client, policy.Server, policy.Local}
	for name, template := range map[string]rules.Template{
		"of afloat":        breaker.Each(breaker.Config{}),
		"of the target":    breaker.Each(breaker.Config{}).Per(rules.PerTarget),
		"of a compartment": breaker.Each(breaker.Config{}).In("shared"),
		"forced open":      breaker.Each(breaker.Config{Mode: breaker.AlwaysOpen}),
		"watching":         breaker.Each(breaker.Config{Mode: breaker.Shadow}),
		"by Use":           rules.Use(own),
		"of somebody else": handMade,
	} {
		for _, tt := range []struct {
			name string
			rule rules.Rule
			want []policy.Side // that have the breaker
		}{
			{"nothing", rules.Rule{Policies: []rules.Template{template}}, []policy.Side{policy.Client, policy.Local}},
			{"the rule's server", rules.Rule{Policies: []rules.Template{template}, Sides: []policy.Side{policy.Server}}, []policy.Side{policy.Server}},
			{"all of the rule's", rules.Rule{Policies: []rules.Template{template}, Sides: every}, every},
			{"the template's server", rules.Rule{Policies: []rules.Template{template.On(policy.Server)}}, []policy.Side{policy.Server}},
			{"the template's client", rules.Rule{Policies: []rules.Template{template.On(policy.Client)}}, []policy.Side{policy.Client}},
		} {
			tt.rule.Match = method
			tt.rule.Policies = append(tt.rule.Policies, timeout.Each(timeout.Config{}), bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}))
			r, err := rules.New([]rules.Rule{tt.rule})
			if err != nil {
				t.Fatal(err)
			}
			for _, side := range every {
				layers := layersOn(r, side)
				inRule := len(tt.rule.Sides) == 0 || slices.Contains(tt.rule.Sides, side)
				if got, want := slices.Contains(layers, policy.LayerBreaker), slices.Contains(tt.want, side); got != want {
					t.Errorf("a breaker %s, where %s is named, on a %v: %v; want %v", name, tt.name, side, got, want)
				}
				if slices.Contains(layers, policy.LayerTimeout) != inRule || slices.Contains(layers, policy.LayerBulkhead) != inRule {
					t.Errorf("a breaker %s, where %s is named: the others on a %v are %v; want all: %v", name, tt.name, side, layers, inRule)
				}
			}
		}
	}
}

// Nor has a server the breaker of a shadow rule without sides, or that of calls past the
// key limit (which have none on any side).
func TestServersHaveNoBreakersOfUnsidedShadowRules(t *testing.T) {
	t.Parallel()
	each := breaker.Each(breaker.Config{})
	r, err := rules.New([]rules.Rule{{Match: method, Shadow: true, Policies: []rules.Template{each}}})
	if err != nil {
		t.Fatal(err)
	}
	for side, want := range map[policy.Side]int{policy.Client: 1, policy.Server: 0, policy.Local: 1} {
		if got := len(layersOn(r, side)); got != want {
			t.Errorf("%d policies on a %v; want %d", got, side, want)
		}
	}
}

// A change of rules does not bring the breaker to servers, and takes it from them.
func TestApplySettlesSides(t *testing.T) {
	t.Parallel()
	named := rules.Rule{Match: method, Sides: []policy.Side{policy.Server}, Policies: []rules.Template{breaker.Each(breaker.Config{})}}
	unnamed := named
	unnamed.Sides = nil
	r, err := rules.New([]rules.Rule{named})
	if err != nil {
		t.Fatal(err)
	}
	for i, list := range [][]rules.Rule{{named}, {unnamed}, {named}} {
		if err := r.Apply(list); err != nil {
			t.Fatal(err)
		}
		if got, want := len(layersOn(r, policy.Server)), 1-i%2; got != want {
			t.Errorf("after %d changes a server has %d breakers; want %d", i+1, got, want)
		}
	}
}

// What is in force says on which sides.
func TestInForceHasTheSidesOfTemplates(t *testing.T) {
	t.Parallel()
	list := []rules.Rule{
		{Match: "/b.*", Shadow: true, Policies: []rules.Template{breaker.Each(breaker.Config{})}},
		{Match: "/a.*", Policies: []rules.Template{breaker.Each(breaker.Config{}), timeout.Each(timeout.Config{})}},
		{Match: "*", Target: "dns:///a", Policies: []rules.Template{breaker.Each(breaker.Config{})}},
		{Match: "*", Sides: []policy.Side{policy.Server}, Policies: []rules.Template{breaker.Each(breaker.Config{})}},
	}
	r, err := rules.New(list)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, own := range r.InForce() {
		for _, p := range own.Policies {
			got = append(got, fmt.Sprintf("%s%v%s%v", own.Match, own.Sides, p.Kind, p.Sides))
		}
	}
	want := []string{
		"/b.*[]breaker[client local]", "/a.*[]breaker[client local]", "/a.*[]timeout[]", "*[]breaker[]", "*[server]breaker[]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("in force are %q; want %q", got, want)
	}
	if list[1].Policies[0].Sides != nil {
		t.Error("the rules that were given have been changed")
	}
}

// What is left of a rule has no more than it had before.
func TestNarrowBringsNoBreakerToServers(t *testing.T) {
	t.Parallel()
	bad := rules.Template{}
	given := rules.Rule{Match: method, Policies: []rules.Template{breaker.Each(breaker.Config{}), bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}), bad}}
	left := given.Narrow(policy.Server, policy.Local)
	for i, want := range [][]policy.Side{{policy.Client, policy.Local}, nil, nil} {
		if !slices.Equal(left.Policies[i].Sides, want) {
			t.Errorf("template %d is for %v; want %v", i, left.Policies[i].Sides, want)
		}
	}
	if !slices.Equal(left.Sides, []policy.Side{policy.Server, policy.Local}) || given.Sides != nil || given.Policies[0].Sides != nil {
		t.Errorf("narrowed to %v, of %v; want a rule of its own for servers and functions", left.Sides, given)
	}
}
