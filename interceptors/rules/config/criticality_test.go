package config_test

import (
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

func setOf(t *testing.T, file string, opts ...config.Option) *config.Set {
	t.Helper()
	s, err := config.New(append(opts, config.WithParsed(config.Parse("rules.yaml", []byte(file))))...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A rule that has a criticality alone leaves the built-in policies in force, and a later
// source takes the class, the policies or both of a rule from an earlier one.
func TestCriticalityInFiles(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file  string
		code  []rules.Rule
		class criticality.Class
		kinds int
	}{
		"class alone":    {"rules: [{match: '*', criticality: low}]", nil, criticality.Low, 2},
		"policies alone": {"rules: [{match: '*', timeout: {default: 1s}}]", nil, criticality.Unset, 1},
		"both":           {"rules: [{match: '*', criticality: critical, timeout: {default: 1s}}]", nil, criticality.Critical, 1},
		"in two rules":   {"rules: [{match: '*', criticality: critical}, {match: '*', timeout: {default: 1s}}]", nil, criticality.Critical, 1},
		"code takes the class": {
			"rules: [{match: '*', criticality: critical, timeout: {default: 1s}}]",
			[]rules.Rule{{Match: "*", Criticality: criticality.Medium}},
			criticality.Medium, 1,
		},
		"code takes the policies": {
			"rules: [{match: '*', criticality: critical, timeout: {default: 1s}}]",
			[]rules.Rule{{Match: "*", Policies: interceptors.BuiltIn().Policies}},
			criticality.Critical, 2,
		},
	} {
		s := setOf(t, tt.file, config.WithRules(tt.code...))
		c := s.Rules().Resolve(&policy.Call{Method: "/shop.v1.Shop/Get", Side: policy.Server})
		if c.Criticality() != tt.class || len(c.Policies()) != tt.kinds {
			t.Errorf("%s: class %q, %d policies; want %q and %d", name, c.Criticality(), len(c.Policies()), tt.class, tt.kinds)
		}
	}
}

// The snapshot shows the class, once, in the words of a file.
func TestCriticalityInSnapshots(t *testing.T) {
	t.Parallel()
	m := setOf(t, "rules: [{match: '*', criticality: critical, timeout: {default: 1s}}]").Snapshot().Message()
	if len(m.GetRules()) != 1 || m.GetRules()[0].GetRule().GetCriticality() != policyv1.Criticality_CRITICALITY_CRITICAL {
		t.Errorf("rules = %v", m.GetRules())
	}
}

func TestBadCriticality(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"rules: [{match: '*', criticality: urgent}]":                                           "criticality",
		"rules: [{match: '*', shadow: true, criticality: low, bulkhead: {max_concurrent: 1}}]": "must be left out in a shadow rule",
		"rules: [{match: '*', criticality: low}, {match: '*', criticality: high}]":             "is for the same calls as",
	} {
		if _, err := config.Parse("rules.yaml", []byte(file)).Compile(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", file, err, want)
		}
	}
	if _, err := config.Compile(&policyv1.Rules{Rules: []*policyv1.Rule{{Match: "*", Criticality: 9}}}); err == nil || !strings.Contains(err.Error(), "must be low, medium, high or critical") {
		t.Errorf("criticality 9: %v", err)
	}
}
