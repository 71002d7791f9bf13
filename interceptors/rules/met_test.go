package rules_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// met lists the rules that calls have found.
func met(r *rules.Rules) []string {
	var all []string
	for _, own := range r.InForce() {
		if own.Met() {
			all = append(all, fmt.Sprintf("%s%s%v", own.Match, own.Target, own.Sides))
		}
	}
	return all
}

// Rules know whether a call has found them: by its method, target and side, also where they
// leave it unguarded, only watch, or have no room for it; and a change does not forget it.
func TestRulesKnowWhetherTheyWereMet(t *testing.T) {
	t.Parallel()
	list := []rules.Rule{
		rule("*", tune("x", "")),
		rule("/a.B/*", tune("x", "")),
		{Match: "/a.B/*", Target: "dns:///far", Policies: []rules.Template{tune("x", "")}},
		{Match: "/served.*", Sides: []policy.Side{policy.Server}, Policies: []rules.Template{tune("x", "")}},
		rule("/bare.*"),
		shadow(rule("/a.B/Watched", tune("x", ""))),
	}
	for _, tt := range []struct {
		call policy.Call
		want []string
	}{
		{policy.Call{Method: "/a.B/Get"}, []string{"/a.B/*[]"}},
		{policy.Call{Method: "/a.B/Get", Target: "dns:///near"}, []string{"/a.B/*[]"}},
		{policy.Call{Method: "/a.B/Get", Target: "dns:///far"}, []string{"/a.B/*dns:///far[]"}},
		{policy.Call{Method: "/served.S/Get"}, []string{"*[]"}},
		{policy.Call{Method: "/served.S/Get", Side: policy.Server}, []string{"/served.*[server]"}},
		{policy.Call{Method: "/bare.S/Get"}, []string{"/bare.*[]"}},
		{policy.Call{Method: "/a.B/Watched"}, []string{"/a.B/*[]", "/a.B/Watched[]"}},
		{unregistered(policy.Call{Method: "/a.B/Get", Side: policy.Server}), []string{"/a.B/*[]"}},
		{policy.Call{Method: "/grpc.health.v1.Health/Check"}, nil},
	} {
		r, err := rules.New(list, rules.WithMaxKeys(1))
		if err != nil {
			t.Fatal(err)
		}
		if got := met(r); got != nil {
			t.Errorf("before any call: %q", got)
		}
		r.Resolve(&tt.call)
		if got := met(r); !slices.Equal(got, tt.want) {
			t.Errorf("after %v: %q; want %q", tt.call, got, tt.want)
		}
		if err := r.Apply(list); err != nil {
			t.Fatal(err)
		}
		guarded := len(tt.want) > 0 && tt.want[0] != "/bare.*[]" && !tt.call.Unregistered
		if got := met(r); guarded && !slices.Equal(got, tt.want) {
			t.Errorf("after %v and a change: %q; want %q", tt.call, got, tt.want)
		}
	}
}
