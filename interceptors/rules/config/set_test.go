package config_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// A later source takes the place of an earlier one where both speak of the same
// calls; then the closest pattern applies, whatever it comes from.
func TestSourcesHavePrecedence(t *testing.T) {
	t.Parallel()
	s := newSet(
		t,
		config.WithFile(file(t, `
rules:
  - {match: "*", side: client, timeout: {max: 1s}}
  - {match: /shop.*, timeout: {max: 2s}}
  - {match: /shop.Payments/Charge, timeout: {max: 3s}}
  - {match: /shop.*, target: "dns:///a", timeout: {max: 4s}}
`)),
		config.WithRules(
			within("/shop.*", 5*time.Second),
			within("/shop.Payments/*", 6*time.Second),
		),
	)
	for _, tt := range []struct {
		name string
		call policy.Call
		want time.Duration
	}{
		{"the file's *", policy.Call{Method: "/users.Users/Get"}, time.Second},
		{"the built-in * of a server", policy.Call{Method: "/users.Users/Get", Side: policy.Server}, 0},
		{"code in place of the file", policy.Call{Method: "/shop.Catalog/Get"}, 5 * time.Second},
		{"the file for another target", policy.Call{Method: "/shop.Catalog/Get", Target: "dns:///a"}, 4 * time.Second},
		{"code, closer than the file", policy.Call{Method: refund}, 6 * time.Second},
		{"the file, closer than code", policy.Call{Method: charge}, 3 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := maxOf(s, tt.call); got != tt.want {
				t.Errorf("at most %v; want %v", got, tt.want)
			}
		})
	}
}

func TestBuiltInRule(t *testing.T) {
	t.Parallel()
	call := policy.Call{Method: charge}
	if got := len(newSet(t).Rules().Resolve(&call).Policies()); got != 3 {
		t.Errorf("%d policies; want those of the built-in rule", got)
	}
	if newSet(t, config.WithoutBuiltIn()).Rules().Resolve(&call) != nil {
		t.Error("a call is guarded without any rule")
	}
}

func TestApplyChangesCode(t *testing.T) {
	t.Parallel()
	e := new(ear)
	s := newSet(
		t, config.WithObserver(e), config.WithoutBuiltIn(), config.WithRules(within(charge, time.Second)),
		config.WithFile(file(t, `rules: [{match: "*", timeout: {max: 9s}}]`)),
	)
	call := policy.Call{Method: charge}
	if got := maxOf(s, call); got != time.Second {
		t.Errorf("at first at most %v; want 1s", got)
	}
	if err := s.Apply([]rules.Rule{within(charge, 2*time.Second), within(refund, time.Second)}); err != nil {
		t.Fatal(err)
	}
	if got := maxOf(s, call); got != 2*time.Second {
		t.Errorf("after the change at most %v; want 2s", got)
	}
	if err := s.Apply([]rules.Rule{within("nonsense", time.Second)}); err == nil {
		t.Error("bad rules were applied")
	}
	if got := maxOf(s, call); got != 2*time.Second {
		t.Errorf("after a bad change at most %v; want 2s as before", got)
	}
	if err := s.Apply(nil); err != nil {
		t.Fatal(err)
	}
	if got := maxOf(s, call); got != 9*time.Second {
		t.Errorf("without rules of code at most %v; want the 9s of the file", got)
	}
	e.want(
		t, "start: 2 rules", "code: 3 rules",
		`code: refused, rules: match = "nonsense"; must be "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" or "*"`,
		"code: 1 rules",
	)
}

func TestReloadAppliesTheFile(t *testing.T) {
	t.Parallel()
	e := new(ear)
	path := file(t, `rules: [{match: "*", bulkhead: {max_concurrent: 5}, breaker: {}}]`)
	s := newSet(t, config.WithFile(path), config.WithObserver(e), config.WithoutBuiltIn())
	call := policy.Call{Method: charge}
	before := s.Rules().Resolve(&call).Policies()
	b, ok := before[1].(*bulkhead.Bulkhead)
	if !ok {
		t.Fatalf("policies %v; want breaker and bulkhead", before)
	}
	permit, err := b.Acquire(t.Context(), &call)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, `rules: [{match: /shop.*, bulkhead: {max_concurrent: 6}, breaker: {probes: 2}}]`)
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	after := s.Rules().Resolve(&call).Policies()
	if after[0] != before[0] || after[1] != before[1] {
		t.Error("the policies are others after the change")
	}
	if got := b.Snapshot(); got.MaxConcurrent != 6 || got.InFlight != 1 {
		t.Errorf("%+v; want the new limit and the call in flight", got)
	}
	permit.Settler.Settle(permit.Token, &policy.Outcome{})

	write(t, path, `rules: [{match: "*", bulkhead: {max_concurrent: 0}}]`)
	if err := s.Reload(); err == nil || !strings.HasSuffix(err.Error(), "rules.yaml:1:49: rules[0].bulkhead.max_concurrent = 0; must be in [1, 1000000]") {
		t.Errorf("error = %v; want the place and the range", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(); err == nil || !strings.HasSuffix(err.Error(), "rules.yaml: cannot be read: no such file or directory") {
		t.Errorf("error = %v; want that there is no file", err)
	}
	if got := b.Snapshot().MaxConcurrent; got != 6 {
		t.Errorf("%d places; want the 6 from before the bad changes", got)
	}
	if got := len(e.lines); got != 4 {
		t.Errorf("heard %q; want 4 lines", e.lines)
	}
}

// A change of one source leaves the others as they were changed last.
func TestSourcesChangeByThemselves(t *testing.T) {
	t.Parallel()
	path := file(t, `rules: [{match: /a.*, timeout: {max: 1s}}]`)
	s := newSet(t, config.WithFile(path), config.WithRules(within("/b.*", time.Second)))
	write(t, path, `rules: [{match: /a.*, timeout: {max: 2s}}]`)
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply([]rules.Rule{within("/b.*", 3*time.Second)}); err != nil {
		t.Fatal(err)
	}
	write(t, path, `rules: [{match: /a.*, timeout: {max: 2s}}, {match: /c.*}]`)
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	for method, want := range map[string]time.Duration{"/a.B/C": 2 * time.Second, "/b.C/D": 3 * time.Second} {
		if got := maxOf(s, policy.Call{Method: method}); got != want {
			t.Errorf("%s: at most %v; want %v", method, got, want)
		}
	}
}

// What was refused of one source does not stand in the way of another.
func TestRefusedChangeOfOneSource(t *testing.T) {
	t.Parallel()
	path := file(t, `rules: [{match: /a.*, timeout: {max: 1s}}]`)
	s := newSet(t, config.WithFile(path), config.WithRules(within("/b.*", time.Second)))
	want := func(a, b time.Duration) {
		t.Helper()
		for method, want := range map[string]time.Duration{"/a.B/C": a, "/b.C/D": b} {
			if got := maxOf(s, policy.Call{Method: method}); got != want {
				t.Errorf("%s: at most %v; want %v", method, got, want)
			}
		}
	}
	write(t, path, `rules: [{match: /a.*, timeout: {max: 2s}}, {match: x}]`)
	if s.Reload() == nil {
		t.Fatal("a bad file was applied")
	}
	if err := s.Apply([]rules.Rule{within("/b.*", 2*time.Second)}); err != nil {
		t.Fatal(err)
	}
	want(time.Second, 2*time.Second)
	if s.Apply([]rules.Rule{within("/b.*", 3*time.Second), within("x", time.Second)}) == nil {
		t.Fatal("bad rules were applied")
	}
	write(t, path, `rules: [{match: /a.*, timeout: {max: 3s}}]`)
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	want(3*time.Second, 2*time.Second)
}

// A side that is named twice is one.
func TestSideNamedTwice(t *testing.T) {
	t.Parallel()
	r := within(charge, time.Second)
	r.Sides = []policy.Side{policy.Server, policy.Server}
	s := newSet(t, config.WithRules(r))
	if got := maxOf(s, policy.Call{Method: charge, Side: policy.Server}); got != time.Second {
		t.Errorf("at most %v; want 1s", got)
	}
}

// Whoever reloads at once with others cannot put older contents in force after newer
// ones.
func TestReloadsAtOnce(t *testing.T) {
	t.Parallel()
	path := file(t, atMost(time.Second))
	s := newSet(t, config.WithFile(path), config.WithoutBuiltIn())
	for i := range 100 {
		var stop atomic.Bool
		var others sync.WaitGroup
		for range 3 {
			others.Go(func() {
				for !stop.Load() {
					_ = s.Reload()
				}
			})
		}
		want := time.Duration(i+2) * time.Second
		write(t, path+".new", atMost(want))
		if err := errors.Join(os.Rename(path+".new", path), s.Reload()); err != nil {
			t.Fatal(err)
		}
		stop.Store(true)
		others.Wait()
		if got := maxOf(s, policy.Call{Method: charge}); got != want {
			t.Fatalf("at most %v; want %v, which the file has", got, want)
		}
	}
}

// Rules of code are as they were given, whatever becomes of the slices.
func TestRulesOfCodeAreCopied(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) rules.Template { return timeout.Each(timeout.Config{Max: d}) }
	list := []rules.Rule{{Match: "*", Policies: []rules.Template{at(time.Second)}}}
	s := newSet(t, config.WithFile(file(t, "rules: []")), config.WithRules(list...))
	for want := time.Second; want < 3*time.Second; want += time.Second {
		list[0].Policies[0] = at(want + time.Second)
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
		if got := maxOf(s, policy.Call{Method: charge}); got != want {
			t.Errorf("at most %v; want %v", got, want)
		}
		if err := s.Apply(list); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReloadWithoutAFile(t *testing.T) {
	t.Parallel()
	e := new(ear)
	s := newSet(t, config.WithObserver(e))
	if err := s.Reload(); err != nil {
		t.Error(err)
	}
	e.want(t, "start: 1 rules")
}

// All that is wrong with all sources is told at once, and nothing is made.
func TestNewReportsAllFaults(t *testing.T) {
	t.Parallel()
	broken := rules.Rule{Match: "/a.B/C", Policies: []rules.Template{bulkhead.Each(bulkhead.Config{MaxConcurrent: -1})}}
	s, err := config.New(
		config.WithFile(file(t, `rules: [{match: x}]`)),
		config.WithRules(broken, within("/b.*", time.Second), within("/b.*", time.Second)),
	)
	if s != nil || err == nil {
		t.Fatalf("New = %v, %v; want an error", s, err)
	}
	for _, want := range []string{
		`rules.yaml:1:17: rules[0].match = x; must be "/pkg.Service/Method"`,
		"code: rules[2]: is for the same calls as rules[1]; there must be one rule",
		"bulkhead: max_concurrent = -1; must be in [1, 1000000]",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not in the error: %s\n%v", want, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 3 {
		t.Errorf("%d faults; want 3:\n%v", n, err)
	}
}

func TestNewFaults(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none.yaml")
	for name, tt := range map[string]struct {
		opt  config.Option
		want string
	}{
		"no option": {nil, "config: option 0 = nil; must be an option of the package"},
		"no path":   {config.WithFile(""), `config: file = ""; must be a path`},
		"no file":   {config.WithFile(none), none + ": cannot be read: no such file or directory"},
		"folder":    {config.WithFile(filepath.Dir(none)), filepath.Dir(none) + ": cannot be read: must be a regular file"},
		"extension": {config.WithExtensions(nil, nil), "config: extension for a method = nil; must be one of google.protobuf.MethodOptions"},
		"keys":      {config.WithPolicyOptions(rules.WithMaxKeys(0)), "rules: max_keys = 0; must be in [1, 1048576]"},
		"code":      {config.WithRules(within("x", 0)), `rules: match = "x"; must be "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" or "*"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := config.New(tt.opt); err == nil || err.Error() != tt.want {
				t.Errorf("error = %v\nwant %s", err, tt.want)
			}
		})
	}
}

// The log has all that the observer hears, and an observer that panics harms
// nothing.
func TestChangesAreLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newSet(t, config.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), config.WithObserver(thrower{}))
	if err := s.Apply([]rules.Rule{within(charge, time.Second)}); err != nil {
		t.Fatal(err)
	}
	if s.Apply([]rules.Rule{within("x", time.Second)}) == nil {
		t.Fatal("a bad rule was applied")
	}
	for _, want := range []string{
		`level=INFO msg="rules applied" source=start file="" rules=1`,
		`level=INFO msg="rules applied" source=code file="" rules=2`,
		`level=ERROR msg="rules refused; those before stay in force" source=code file="" error="rules: match`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("not in the log: %s\n%s", want, log.String())
		}
	}
}

type thrower struct{}

func (thrower) RulesApplied(string, int) { panic("thrown") }

func (thrower) RulesRefused(string, error) { panic("thrown") }

// A shadow rule watches beside the rule in force, and bites when it is one itself:
// then it has the state of the policies before it.
func TestShadowRuleIsRolledOut(t *testing.T) {
	t.Parallel()
	path := file(t, `
rules:
  - match: "*"
    breaker: {consecutive_failures: 100}
  - match: /shop.Payments/*
    shadow: true
    breaker: {consecutive_failures: 2}
    bulkhead: {max_concurrent: 1}
    rate_limit: {per_second: 0.001, burst: 1}
`)
	s := newSet(t, config.WithFile(path), config.WithoutBuiltIn())
	call := policy.Call{Method: charge}
	inForce, watching := breakersOf(t, s, call)
	fail := func() {
		for range 3 {
			chain := s.Rules().Resolve(&call)
			var a, other policy.Admission
			a.Call = call
			if _, err := chain.Admit(t.Context(), &a); err != nil {
				t.Fatalf("a shadow rule refuses: %v", err)
			}
			other.Call = call
			if _, err := chain.Admit(t.Context(), &other); err != nil {
				t.Fatalf("a shadow rule refuses: %v", err)
			}
			a.SettleAs(policy.Outcome{Verdict: policy.Failure, Decided: true})
			other.SettleAs(policy.Outcome{Verdict: policy.Failure, Decided: true})
		}
	}
	fail()
	if got := watching.State(); got != breaker.Open {
		t.Errorf("the breaker that watches is %v; want it open", got)
	}
	for _, p := range s.Snapshot().Policies {
		if b, ok := p.Status.(bulkhead.Snapshot); ok && b.Rejected == 0 {
			t.Error("the bulkhead that watches has counted nothing")
		}
		if l, ok := p.Status.(ratelimit.Snapshot); ok && l.Rejected == 0 {
			t.Error("the limiter that watches has counted nothing")
		}
	}
	write(t, path, `
rules:
  - match: "*"
    breaker: {consecutive_failures: 100}
  - match: /shop.Payments/*
    breaker: {consecutive_failures: 2}
`)
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	now, none := breakersOf(t, s, call)
	if now != inForce || none != nil {
		t.Error("the breaker in force is another one after the roll-out")
	}
	if got := now.Snapshot(); got.ConsecutiveFailures != 6 || got.State != breaker.Closed {
		t.Errorf("%+v; want it closed with the six failures from before", got)
	}
}

// breakersOf are the breakers of a call: that in force and that of a shadow rule.
func breakersOf(tb testing.TB, s *config.Set, call policy.Call) (inForce, watching *breaker.Breaker) {
	tb.Helper()
	for _, p := range s.Rules().Resolve(&call).Policies() {
		b, ok := p.(*breaker.Breaker)
		switch {
		case !ok:
		case b.Config().Mode == breaker.Shadow:
			watching = b
		default:
			inForce = b
		}
	}
	return inForce, watching
}

// A file that is part of the program has its places, and is not watched.
func TestParsedFile(t *testing.T) {
	t.Parallel()
	parsed := config.Parse("embedded.yaml", []byte(`rules: [{match: /a.*, timeout: {max: 1s}}]`))
	s := newSet(t, config.WithParsed(parsed))
	if r := s.Snapshot().Rules[0]; r.Source != config.File || r.Place != "embedded.yaml:1:9" {
		t.Errorf("the rule is of %v, %s; want the file and its place", r.Source, r.Place)
	}
	if err := s.Reload(); err != nil {
		t.Errorf("Reload = %v; want nothing to be read", err)
	}
	_, err := config.New(config.WithParsed(parsed), config.WithFile("a"))
	if err == nil || err.Error() != "config: there are WithFile and WithParsed; must be one file" {
		t.Errorf("two files: %v", err)
	}
	_, err = config.New(config.WithParsed(config.Parse("embedded.yaml", []byte(`rule: []`))))
	if err == nil || !strings.HasPrefix(err.Error(), "embedded.yaml:1:1: ") {
		t.Errorf("a bad file: %v; want its place", err)
	}
}
