package config_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	_ "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1" // services that are linked
	"github.com/afloat-go/afloat/interceptors/misuse"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// The snapshot says of each rule whether a call has met it, and what no linked file has.
func TestSnapshotSaysWhichRulesAreOfUse(t *testing.T) {
	t.Parallel()
	s := newSet(t, config.WithoutBuiltIn(), config.WithFile(file(t, `
rules:
  - match: "*"
  - {match: /afloat.test.*, timeout: {max: 1s}}
  - {match: /afloat.test.v1.TierService/*, timeout: {max: 1s}}
  - {match: /afloat.test.v1.TierService/GetPage, timeout: {max: 1s}}
  - {match: /afloat.test.v1.TierService/GetPge, timeout: {max: 1s}}
  - {match: /afloat.test.v1.TearService/*, timeout: {max: 1s}}
  - {match: /afloat.tset.*, timeout: {max: 1s}}
  - {match: /afloat.test.v1.TierService/GetPage, target: "dns:///nowhere", timeout: {max: 1s}}
  - {match: /afloat.test.v1.TierService/GetPlain, side: server, timeout: {max: 1s}}
`)))
	for _, method := range []string{"GetPage", "GetPlain", "GetAccount"} {
		s.Rules().Resolve(&policy.Call{Method: "/afloat.test.v1.TierService/" + method, Target: "dns:///here"})
	}
	told := map[string]string{}
	for _, r := range s.Snapshot().Message().GetRules() {
		m := r.GetRule()
		told[strings.TrimSpace(fmt.Sprint(m.GetMatch(), " ", m.GetTarget()))] = strings.TrimSpace(fmt.Sprint(r.GetMet(), " ", r.GetUnknown()))
	}
	for rule, want := range map[string]string{
		"*":                                   "false",
		"/afloat.test.*":                      "false",
		"/afloat.tset.*":                      "false no linked .proto file has a service in the package afloat.tset",
		"/afloat.test.v1.TierService/*":       "true",
		"/afloat.test.v1.TierService/GetPage": "true",
		"/afloat.test.v1.TierService/GetPge":  "false the service afloat.test.v1.TierService has no method GetPge",
		"/afloat.test.v1.TearService/*":       "false no linked .proto file has the service afloat.test.v1.TearService",
		"/afloat.test.v1.TierService/GetPage dns:///nowhere": "false",
		"/afloat.test.v1.TierService/GetPlain":               "false", // nothing is served
	} {
		if told[rule] != want {
			t.Errorf("%s: %q; want %q", rule, told[rule], want)
		}
	}
	s.Rules().Resolve(&policy.Call{Method: "/afloat.test.v1.TierService/GetPlain", Side: policy.Server})
	if !slices.ContainsFunc(s.Snapshot().Rules, func(r config.RuleInForce) bool { return len(r.Sides) == 1 && r.Met }) {
		t.Error("the server's rule has not been met; want it met")
	}
}

// A file that nobody follows, and a set without any rules of the program's own, are told of
// after a minute. Who follows the file, reloads it, has read it for good, or applies rules
// is not.
func TestSetsThatNobodyFeedsAreTold(t *testing.T) { //nolint:paralleltest // sets without sources have no name
	const text = "rules: [{match: /a.B/C}]"
	for name, tt := range map[string]struct { //nolint:paralleltest // as the test
		opts []config.Option
		do   func(*testing.T, *config.Set)
		want string
	}{
		"a file": {want: "file_unwatched"},
		"a file that is read again": {do: func(t *testing.T, s *config.Set) {
			t.Helper()
			if err := s.Reload(); err != nil {
				t.Error(err)
			}
		}},
		"a file for good": {opts: []config.Option{config.WithParsed(config.Parse("a.yaml", []byte(text)))}},
		"nothing":         {opts: []config.Option{}, want: "no_rules"},
		"nothing at all":  {opts: []config.Option{config.WithoutBuiltIn()}, want: "no_rules"},
		"code":            {opts: []config.Option{config.WithRules(rules.Rule{Match: "*"})}},
		"code that comes later": {opts: []config.Option{}, do: func(t *testing.T, s *config.Set) {
			t.Helper()
			if err := s.Apply(nil); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, text)
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var told []string
				t.Cleanup(misuse.Watch(func(m misuse.Misuse) {
					mu.Lock()
					defer mu.Unlock()
					if m.Kind == misuse.FileUnwatched && m.Where == path || m.Kind == misuse.NoRules {
						told = append(told, string(m.Kind))
					}
				}))
				opts := tt.opts
				if opts == nil {
					opts = []config.Option{config.WithFile(path)}
				}
				s := newSet(t, opts...)
				if got := s.Snapshot().Unfollowed; got != (tt.opts == nil) || s.Snapshot().Message().GetUnfollowed() != got {
					t.Errorf("unfollowed: %v; want it of a file", got)
				}
				if tt.do != nil {
					tt.do(t, s)
				}
				time.Sleep(time.Hour)
				synctest.Wait()
				mu.Lock()
				defer mu.Unlock()
				if got := strings.Join(told, " "); got != tt.want {
					t.Errorf("told %q; want %q", got, tt.want)
				}
				if got, want := s.Snapshot().Unfollowed, tt.want == "file_unwatched"; got != want {
					t.Errorf("in the end unfollowed: %v; want %v", got, want)
				}
			})
		})
	}
}
