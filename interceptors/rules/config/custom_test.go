package config_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// quota lets through so many calls and no more.
type quota struct {
	config atomic.Pointer[quotaConfig]
	key    rules.Key
	used   atomic.Int64
}

type quotaConfig struct {
	Calls   int           `json:"calls"`
	Per     time.Duration `json:"per,omitempty"`
	Tenants []string      `json:"tenants"`
}

type quotaStatus struct {
	Used int64 `json:"used"`
}

func newQuota(key rules.Key, cfg quotaConfig) (*quota, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	q := &quota{key: key}
	q.config.Store(&cfg)
	return q, nil
}

func (c quotaConfig) check() error {
	var faults []error
	if c.Calls < 1 {
		faults = append(faults, &rules.FieldError{Field: "calls", Value: c.Calls, Allowed: "at least 1"})
	}
	if c.Per < 0 {
		faults = append(faults, &rules.FieldError{Field: "per", Value: c.Per, Allowed: "at least 0s"})
	}
	if len(c.Tenants) > 1 {
		faults = append(faults, errors.New("quota: there is one tenant"))
	}
	return errors.Join(faults...)
}

func (q *quota) update(_ rules.Key, cfg quotaConfig) error {
	if cfg.Per != q.config.Load().Per {
		return errors.New("another period is another quota")
	}
	q.config.Store(&cfg)
	return nil
}

func (q *quota) Acquire(_ context.Context, call *policy.Call) (policy.Permit, error) {
	if q.used.Add(1) > int64(q.config.Load().Calls) && !q.key.Shadow {
		return policy.Permit{}, &policy.Rejection{Kind: "quota", Name: q.key.Name, Method: call.Method, Reason: "QUOTA_USED"}
	}
	return policy.Permit{}, nil
}

// quotas is the row of quotas.
func quotas() config.Kind[quotaConfig, *quota] {
	return config.Kind[quotaConfig, *quota]{
		Name: "quota", New: newQuota, Watches: true,
		Update: func(key rules.Key, q *quota, cfg quotaConfig) error { return q.update(key, cfg) },
		Config: func(q *quota) quotaConfig { return *q.config.Load() },
		Status: func(q *quota) any { return quotaStatus{q.used.Load()} },
	}
}

// ask makes n calls of a method and counts those that were refused.
func ask(tb testing.TB, s *config.Set, method string, n int) (refused int) {
	tb.Helper()
	for range n {
		err := s.Rules().Resolve(&policy.Call{Method: method}).Run(tb.Context(), method, func(context.Context) error { return nil })
		if err != nil {
			refused++
		}
	}
	return refused
}

// A policy of the program's own is read from a file, updated without losing its state,
// and in the snapshot.
func TestKindOfTheProgram(t *testing.T) {
	t.Parallel()
	path := file(t, `rules: [{match: /shop.*, custom: {name: quota, config: {calls: 2, per: 1m, tenants: [a]}, scope: per_service}}]`)
	s := newSet(t, config.WithFile(path), config.WithKind(quotas()))
	if n := ask(t, s, charge, 2) + ask(t, s, refund, 1); n != 1 {
		t.Errorf("%d refused; want the third", n)
	}
	write(t, path, `rules: [{match: /shop.*, custom: [{name: quota, config: {calls: 4, per: 1m}, scope: per_service}]}]`)
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if n := ask(t, s, charge, 2); n != 1 {
		t.Errorf("%d refused; want one: the quota has seen five calls", n)
	}
	wantQuota(t, s.Snapshot().Message())
	write(t, path, `rules: [{match: /shop.*, custom: {name: quota, config: {calls: 4, per: 1s}, scope: per_service}}]`)
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if n := ask(t, s, charge, 4); n != 0 {
		t.Errorf("%d refused; want a new quota, for another period", n)
	}
}

// wantQuota requires that a snapshot tells of the quota in force, and of its rule in a
// way that compiles to it.
func wantQuota(t *testing.T, m *policyv1.Snapshot) {
	t.Helper()
	var live *policyv1.LivePolicy
	for _, p := range m.GetPolicies() {
		if p.GetKind() == "quota" {
			live = p
		}
	}
	want := map[string]any{"calls": 4.0, "per": "1m0s"}
	if got := live.GetCustom().GetConfig().AsMap(); live.GetName() != "/shop.Payments/" || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("live %v; want %v of the service", live, want)
	}
	if got := live.GetCustom().GetStatus().AsMap(); got["used"] != 5.0 {
		t.Errorf("status %v; want 5 used", got)
	}
	var told *policyv1.Rule
	for _, r := range m.GetRules() {
		if r.GetRule().GetMatch() == "/shop.*" && len(r.GetOtherPolicies()) == 0 {
			told = r.GetRule()
		}
	}
	if got := told.GetCustom(); len(got) != 1 || got[0].GetName() != "quota" || got[0].GetScope() != policyv1.Scope_SCOPE_PER_SERVICE {
		t.Fatalf("the rule is told with %v; want its quota", got)
	}
	compiled, err := config.Compile(&policyv1.Rules{Rules: []*policyv1.Rule{told}}, config.WithKind(quotas()))
	if err != nil || compiled[0].Policies[0].Kind != "quota" {
		t.Errorf("what is told compiles to %v, %v; want a quota", compiled, err)
	}
	roundTrip(t, m)
}

// In code there are the same templates, with compartments and shadow rules.
func TestKindInCompartmentsAndShadowRules(t *testing.T) {
	t.Parallel()
	path := file(t, `
compartments:
  tenants: {custom: [{name: quota, config: {calls: 1}}], breaker: {}}
rules:
  - match: /shop.Payments/Charge
    custom: {name: quota, compartment: tenants}
  - match: /shop.Payments/Refund
    custom: {name: quota, compartment: tenants}
  - match: /shop.*
    shadow: true
    custom: {name: quota, config: {calls: 1}}
`)
	s := newSet(t, config.WithFile(path), config.WithKind(quotas()), config.WithRules(
		rules.Rule{Match: "/a.B/*", Policies: []rules.Template{quotas().Each(quotaConfig{Calls: 1})}},
	))
	if n := ask(t, s, charge, 1) + ask(t, s, refund, 1) + ask(t, s, "/shop.Cart/Get", 3) + ask(t, s, "/a.B/C", 2); n != 2 {
		t.Errorf("%d refused; want one in the compartment and one of code", n)
	}
	m := s.Snapshot().Message()
	if got := m.GetCompartments()["tenants"].GetCustom(); len(got) != 1 || got[0].GetConfig().AsMap()["calls"] != 1.0 {
		t.Errorf("the compartment has %v; want the quota", got)
	}
	for _, r := range m.GetRules() {
		if got := r.GetRule().GetCustom(); r.GetRule().GetMatch() == charge && (got[0].GetCompartment() != "tenants" || got[0].GetConfig() != nil) {
			t.Errorf("the rule has %v; want the name of its compartment", got)
		}
	}
}

func TestFaultsOfKindsInFiles(t *testing.T) {
	t.Parallel()
	biting := quotas()
	biting.Name, biting.Watches = "biting", false
	for _, tt := range []struct{ name, rule, want string }{
		{"no such kind", "custom: {name: qouta}", "1:37: rules[0].custom[0].name = qouta; must be a kind that the program registered; did you mean quota?"},
		{"other kind", "custom: {name: something}", "1:37: rules[0].custom[0].name = something; must be a kind that the program registered; there are: biting, quota"},
		{"no name", "custom: [{}]", "1:31: rules[0].custom[0].name: is missing; must be a kind that the program registered; there are: biting, quota"},
		{"field", "custom: {name: quota, config: {calls: 1, teants: [a]}}", "1:63: rules[0].custom[0].config.teants: is no field here; did you mean tenants?"},
		{"types", "custom: {name: quota, config: {calls: x, per: 5}}", "1:60: rules[0].custom[0].config.calls = x; must be a whole number|1:68: rules[0].custom[0].config.per = 5; must be a duration with its unit, as in 250ms, 5s or 1m30s"},
		{"ranges", "custom: {name: quota, config: {calls: 0, per: -1s}}", "1:60: rules[0].custom[0].config.calls = 0; must be at least 1|1:68: rules[0].custom[0].config.per = -1s; must be at least 0s"},
		{"missing", "custom: {name: quota}", "1:30: rules[0].custom[0].config.calls: is missing; must be at least 1"},
		{"not of a field", "custom: {name: quota, config: {calls: 1, tenants: [a, b]}}", "1:30: rules[0].custom[0]: quota: there is one tenant"},
		{"cannot be read", "custom: {name: quota, config: {calls: }}", "1:60: rules[0].custom[0].config.calls = nothing; must be a value, or be left out with its name"},
		{"cannot watch", "custom: {name: biting, config: {calls: 1}}, shadow: true", "1:30: rules[0].custom[0]: must be left out in a shadow rule: a biting cannot only watch"},
		{"scope", "custom: {name: quota, config: {calls: 1}, scope: x}", "1:71: rules[0].custom[0].scope = x; must be one of per_method, per_service, per_target"},
		{"compartment", "custom: {name: quota, compartment: x, scope: per_target}", "1:57: rules[0].custom[0].compartment = x; must be a compartment with a quota; there is none|1:67: rules[0].custom[0].scope: must be left out: it is that of compartment \"x\""},
		{"compartments", "compartments: {a: {custom: [{name: quota, config: {calls: 1}, scope: per_target}, {name: quota}, {name: x}]}}", "2:70: compartments.a.custom[0].scope: must be left out in a compartment|2:83: compartments.a.custom[1].config.calls: is missing; must be at least 1|2:83: compartments.a.custom[1]: is a quota like compartments.a.custom[0]; there must be one in a compartment|2:105: compartments.a.custom[2].name = x; must be a kind that the program registered; there are: biting, quota"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := `rules: [{match: "*", ` + tt.rule + "}]"
			if strings.HasPrefix(tt.rule, "compartments") {
				text = "rules: [{match: '*'}]\n" + tt.rule
			}
			_, err := config.Parse("r", []byte(text)).Compile(config.WithKind(biting), config.WithKind(quotas()))
			var want []string
			for line := range strings.SplitSeq(tt.want, "|") {
				want = append(want, "r:"+line)
			}
			if err == nil || err.Error() != strings.Join(want, "\n") {
				t.Errorf("%s\nerror:\n%v\nwant:\n%s", text, err, strings.Join(want, "\n"))
			}
		})
	}
}

// Messages that come from no file have the same faults, without places.
func TestFaultsOfKindsInMessages(t *testing.T) {
	t.Parallel()
	cfg, err := structpb.NewStruct(map[string]any{"calls": 0, "per": "1 hour"})
	if err != nil {
		t.Fatal(err)
	}
	rule := func(cfg *structpb.Struct) *policyv1.Rules {
		return &policyv1.Rules{Rules: []*policyv1.Rule{{Match: "*", Custom: []*policyv1.Custom{{Name: "quota", Config: cfg}}}}}
	}
	_, err = config.Compile(rule(cfg), config.WithKind(quotas()))
	if want := `rules[0].custom[0].config.per = "1 hour"; must be a duration with its unit, as in 250ms, 5s or 1m30s`; err == nil || err.Error() != want {
		t.Errorf("error = %v; want %s", err, want)
	}
	delete(cfg.GetFields(), "per")
	_, err = config.Compile(rule(cfg), config.WithKind(quotas()))
	if want := "rules[0].custom[0].config.calls = 0; must be at least 1"; err == nil || err.Error() != want {
		t.Errorf("error = %v; want %s", err, want)
	}
	_, err = config.Compile(rule(nil))
	if want := `rules[0].custom[0].name = "quota"; must be a kind that the program registered; there is none`; err == nil || err.Error() != want {
		t.Errorf("error = %v; want %s", err, want)
	}
}

func TestKindsMustBeRows(t *testing.T) {
	t.Parallel()
	named := func(name string) config.KindOption {
		k := quotas()
		k.Name = name
		return config.WithKind(k)
	}
	odd := config.Kind[struct{ Hook func() }, *breaker.Breaker]{Name: "odd"}
	_, err := config.New(named(""), named("breaker"), named("ratelimit"), named("quota"), named("quota"), config.WithKind(odd), config.KindOption{})
	want := strings.Join([]string{
		`config: name of a kind = ""; must be a name`,
		`config: name of a kind = "breaker"; must not be that of another kind`,
		`config: name of a kind = "ratelimit"; must not be that of another kind`,
		`config: name of a kind = "quota"; must not be that of another kind`,
		`config: New of kind "odd" = nil; must be a function`,
		`config: configuration of kind "odd": func() cannot be written in a file; must be a struct or a map from names of what a file can have`,
		"config: a kind is not by WithKind",
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
	for _, compile := range []func() error{
		func() error { _, err := config.Compile(nil, named("")); return err },
		func() error { _, err := config.Parse("r", []byte("rules: []")).Compile(named("")); return err },
	} {
		if err := compile(); err == nil {
			t.Error("a kind without a name is taken")
		}
	}
}

// A policy of a kind that nobody registered is told by its kind alone.
func TestKindsThatAreNotRegistered(t *testing.T) {
	t.Parallel()
	s := newSet(t, config.WithRules(rules.Rule{Match: charge, Policies: []rules.Template{quotas().Each(quotaConfig{Calls: 1})}}))
	ask(t, s, charge, 1)
	m := s.Snapshot().Message()
	if got := m.GetRules()[0]; len(got.GetRule().GetCustom()) != 0 || len(got.GetOtherPolicies()) != 1 || m.GetPolicies()[0].GetStatus() != nil {
		t.Errorf("told as %v and %v; want the name of the kind", got, m.GetPolicies()[0])
	}
}
