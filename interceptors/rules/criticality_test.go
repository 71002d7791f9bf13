package rules_test

import (
	"slices"
	"testing"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// A rule with a class and nothing else leaves the policies of its calls alone; one with
// both gives both; a class comes from the closest rule that has one.
func TestCriticalityBesidePolicies(t *testing.T) {
	t.Parallel()
	wide, near := new(policytest.Spy), new(policytest.Spy)
	r, err := rules.New([]rules.Rule{
		{Match: "*", Criticality: criticality.Medium, Policies: []rules.Template{rules.Use(wide)}},
		{Match: "/shop.v1.Orders/*", Policies: []rules.Template{rules.Use(near)}},
		{Match: "/shop.v1.Orders/Place", Criticality: criticality.Critical},
		{Match: "/shop.v1.Orders/Place", Target: "dns:///replica", Criticality: criticality.Low},
		{Match: "/shop.v1.Pages/*", Criticality: criticality.Low, Sides: []policy.Side{policy.Server}},
		{Match: "/shop.v1.Free/*"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method, target string
		side           policy.Side
		class          criticality.Class
		policies       []policy.Policy
	}{
		{"/other.v1.X/Y", "", policy.Server, criticality.Medium, []policy.Policy{wide}},
		{"/shop.v1.Orders/List", "", policy.Server, criticality.Medium, []policy.Policy{near}},
		{"/shop.v1.Orders/Place", "", policy.Server, criticality.Critical, []policy.Policy{near}},
		{"/shop.v1.Orders/Place", "dns:///main", policy.Client, criticality.Critical, []policy.Policy{near}},
		{"/shop.v1.Orders/Place", "dns:///replica", policy.Client, criticality.Low, []policy.Policy{near}},
		{"/shop.v1.Pages/Get", "", policy.Server, criticality.Low, []policy.Policy{wide}},
		{"/shop.v1.Pages/Get", "", policy.Client, criticality.Medium, []policy.Policy{wide}},
		{"/shop.v1.Free/Get", "", policy.Server, criticality.Medium, nil},
	} {
		call := policy.Call{Method: tt.method, Target: tt.target, Side: tt.side}
		for _, unregistered := range []bool{false, true} {
			call.Unregistered = unregistered
			c := r.Resolve(&call)
			if unregistered && tt.policies == nil {
				continue
			}
			if got := c.Policies(); c.Criticality() != tt.class || !slices.Equal(got, tt.policies) {
				t.Errorf("%s on the %v, unregistered %v: class %v and %d policies; want %v and %d",
					tt.method, tt.side, unregistered, c.Criticality(), len(got), tt.class, len(tt.policies))
			}
		}
	}
	if r.Resolve(&policy.Call{Method: "/grpc.health.v1.Health/Check", Side: policy.Server}) != nil {
		t.Error("the health service is guarded")
	}
}

func TestFaultsOfCriticality(t *testing.T) {
	t.Parallel()
	for want, list := range map[string][]rules.Rule{
		`rule "*": criticality = 9; must be Low, Medium, High, Critical or Unset`: {{Match: "*", Criticality: 9}},
		`rule "*": criticality = low; must be unset in a shadow rule`:             {{Match: "*", Shadow: true, Criticality: criticality.Low}},
		`rules: match = "*" stands in two rules; must be in one`: {
			{Match: "*", Criticality: criticality.Low}, {Match: "*", Criticality: criticality.High, Policies: []rules.Template{rules.Use(new(policytest.Spy))}},
		},
	} {
		if _, err := rules.New(list); err == nil || err.Error() != want {
			t.Errorf("%v; want %s", err, want)
		}
	}
	for _, good := range [][]rules.Rule{
		{{Match: "*", Criticality: criticality.Low}, {Match: "*", Policies: []rules.Template{rules.Use(new(policytest.Spy))}}},
		{{Match: "*", Criticality: criticality.Low, Sides: []policy.Side{policy.Client}}, {Match: "*", Criticality: criticality.High, Sides: []policy.Side{policy.Server}}},
	} {
		if _, err := rules.New(good); err != nil {
			t.Error(err)
		}
	}
}

// A change of the class reaches the calls that come after it.
func TestApplyChangesCriticality(t *testing.T) {
	t.Parallel()
	spy := new(policytest.Spy)
	r, err := rules.New([]rules.Rule{{Match: "*", Policies: []rules.Template{rules.Use(spy)}}})
	if err != nil {
		t.Fatal(err)
	}
	call := &policy.Call{Method: "/a.B/C", Side: policy.Server}
	for _, c := range []criticality.Class{criticality.Unset, criticality.Low, criticality.Critical, criticality.Unset} {
		if err := r.Apply([]rules.Rule{{Match: "*", Criticality: c, Policies: []rules.Template{rules.Use(spy)}}}); err != nil {
			t.Fatal(err)
		}
		if got := r.Resolve(call).Criticality(); got != c {
			t.Errorf("class = %q; want %q", got, c)
		}
	}
}
