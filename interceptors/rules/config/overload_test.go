package config_test

import (
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// An overload policy needs nothing but its name, is one for all methods of its rule on a
// server, and is in the snapshot with its mode.
func TestOverloadInFiles(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]overload.Mode{
		"rules: [{match: '*', overload: {}}]":                                                              overload.Automatic,
		"rules: [{match: '*', overload: {mode: automatic}}]":                                               overload.Automatic,
		"rules: [{match: '*', overload: {mode: shadow}}]":                                                  overload.Shadow,
		"rules: [{match: '*', overload: {mode: exempt}}]":                                                  overload.Exempt,
		"rules: [{match: '*', shadow: true, overload: {}}]":                                                overload.Shadow,
		"compartments: {c: {overload: {mode: shadow}}}\nrules: [{match: '*', overload: {compartment: c}}]": overload.Shadow,
	} {
		s := setOf(t, file)
		found := map[policy.Policy]bool{}
		for _, method := range []string{"/a.B/C", "/a.B/D"} {
			for _, p := range s.Rules().Resolve(&policy.Call{Method: method, Side: policy.Server}).Policies() {
				if c, ok := p.(*overload.Control); ok {
					found[c] = true
					if c.Config().Mode != want {
						t.Errorf("%s: mode = %v; want %v", file, c.Config().Mode, want)
					}
				}
			}
		}
		if len(found) != 1 {
			t.Errorf("%s: %d controllers; want one", file, len(found))
		}
		shown := 0
		for _, p := range s.Snapshot().Message().GetPolicies() {
			if o := p.GetOverload(); o != nil && o.GetLimit() > 0 && int32(o.GetConfig().GetMode()) == int32(want)+1 {
				shown++
			}
		}
		if shown != 1 {
			t.Errorf("%s: shown %d times: %v", file, shown, s.Snapshot().Message().GetPolicies())
		}
	}
}

func TestBadOverload(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"rules: [{match: '*', overload: {mode: gentle}}]":      "mode",
		"rules: [{match: '*', overload: {max_concurrent: 7}}]": "is no field here",
		"rules: [{match: '*', overload: {compartment: none}}]": "must be a compartment with a overload",
	} {
		if _, err := config.Parse("rules.yaml", []byte(file)).Compile(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", file, err, want)
		}
	}
	if _, err := config.Compile(&policyv1.Rules{Rules: []*policyv1.Rule{{Match: "*", Overload: &policyv1.Overload{Mode: 9}}}}); err == nil || !strings.Contains(err.Error(), "must be Automatic, Shadow or Exempt") {
		t.Errorf("mode 9: %v", err)
	}
}

// The control of a server is in the snapshot of the set whose rules guard it.
func TestControlOfAServerInSnapshots(t *testing.T) {
	t.Parallel()
	s := setOf(t, "rules: []")
	_ = interceptors.ServerOptions(s.Rules(), interceptors.WithOverloadControl())
	for _, p := range s.Snapshot().Message().GetPolicies() {
		if p.GetKind() == "overload" && p.GetSide() == policyv1.Side_SIDE_SERVER && p.GetOverload().GetLimit() > 0 {
			return
		}
	}
	t.Errorf("policies = %v", s.Snapshot().Message().GetPolicies())
}
