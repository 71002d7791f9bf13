package admin_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/admin"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// Without an authoriser nothing can be changed, and each attempt is logged.
func TestReadsOnlyUnlessAuthorised(t *testing.T) {
	t.Parallel()
	everything := &policyv1.OverrideScope{Everything: true}
	commands := map[string]*adminv1.OverrideRequest{
		"force_open": force(everything),
		"end":        {Command: &adminv1.OverrideRequest_End_{End: &adminv1.OverrideRequest_End{Id: "1"}}},
		"trip":       {Scope: everything, Reason: "a drill", Command: &adminv1.OverrideRequest_Trip_{}},
		"reset":      {Scope: everything, Reason: "a drill", Command: &adminv1.OverrideRequest_Reset_{}},
	}
	for name, tt := range map[string]struct {
		authoriser admin.Authoriser
		want       codes.Code
	}{
		"nobody": {nil, codes.PermissionDenied},
		"not for her": {func(context.Context, *adminv1.OverrideRequest) (string, error) {
			return "eve", errors.New("she is no operator")
		}, codes.PermissionDenied},
		"no name": {func(context.Context, *adminv1.OverrideRequest) (string, error) { return "", nil }, codes.PermissionDenied},
		"no token": {func(ctx context.Context, _ *adminv1.OverrideRequest) (string, error) {
			if md, _ := metadata.FromIncomingContext(ctx); len(md.Get("authorization")) == 0 {
				return "", status.Error(codes.Unauthenticated, "who are you?")
			}
			return "ada", nil
		}, codes.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				set := newSet(t)
				client := serve(t, set, admin.WithAuthoriser(tt.authoriser), admin.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				if err := call(set, "/shop.Users/Get", users, nil); err != nil {
					t.Fatal(err)
				}
				for word, r := range commands {
					log.Reset()
					if _, err := client.Override(t.Context(), r); status.Code(err) != tt.want {
						t.Errorf("%s: error %v; want %v", word, err, tt.want)
					}
					if text := log.String(); !strings.Contains(text, "a change by hand was refused") || !strings.Contains(text, "command="+word) || !strings.Contains(text, "peer=") {
						t.Errorf("%s: the log has %q", word, text)
					}
					if r.GetEnd() == nil {
						try, _ := proto.Clone(r).(*adminv1.OverrideRequest)
						try.DryRun = true
						if _, err := client.Override(t.Context(), try); err != nil {
							t.Errorf("%s: only trying: %v", word, err)
						}
					}
				}
				if n := len(set.Rules().Steering().InForce()); n > 0 || set.Rules().Events().Last() > 0 {
					t.Errorf("%d overrides, %d events; want none", n, set.Rules().Events().Last())
				}
				if _, err := client.Snapshot(t.Context(), &adminv1.SnapshotRequest{}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// overridable is a set with two methods that were called, and a client that may do
// everything.
func overridable(t *testing.T) (*config.Set, adminv1.AdminServiceClient) {
	t.Helper()
	set := newSet(t)
	for _, method := range []string{"/shop.Users/Get", "/shop.Orders/Get"} {
		if err := call(set, method, users, nil); err != nil {
			t.Fatal(err)
		}
	}
	return set, serve(t, set, admin.WithAuthoriser(ada))
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set, client := overridable(t)
		r := force(&policyv1.OverrideScope{Name: "/shop.Users/*", Side: policyv1.Side_SIDE_CLIENT})
		r.DryRun = true
		m, err := client.Override(t.Context(), r)
		if err != nil || m.GetPolicies() != 1 || fmt.Sprint(m.GetNames()) != "[breaker /shop.Users/Get at dns:///users]" || m.GetOverride() != nil {
			t.Fatalf("%v, %v; want that it would be one", m, err)
		}
		if err := call(set, "/shop.Users/Get", users, nil); err != nil {
			t.Fatal(err)
		}
	})
}

// What is changed is in force when the answer comes, and ends by itself.
func TestOverride(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set, client := overridable(t)
		m, err := client.Override(t.Context(), force(&policyv1.OverrideScope{Name: "/shop.Users/*"}))
		if err != nil || m.GetPolicies() != 1 || m.GetOverride().GetAuthor() != "ada" || time.Until(m.GetOverride().GetUntil().AsTime()) != time.Minute {
			t.Fatalf("%v, %v", m, err)
		}
		if err := call(set, "/shop.Users/Get", users, nil); !isOpen(err) {
			t.Errorf("error %v; want an open circuit", err)
		}
		if err := call(set, "/shop.Orders/Get", users, nil); err != nil {
			t.Errorf("another service: %v", err)
		}
		time.Sleep(time.Minute + time.Second)
		if err := call(set, "/shop.Users/Get", users, nil); isOpen(err) && strings.Contains(err.Error(), "operator") {
			t.Errorf("error %v; want no override any more", err)
		}
	})
}

func TestOverridesAreListed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, client := overridable(t)
		m, err := client.Override(t.Context(), force(&policyv1.OverrideScope{Name: "/shop.Users/*"}))
		if err != nil {
			t.Fatal(err)
		}
		page, err := client.Snapshot(t.Context(), &adminv1.SnapshotRequest{Filter: &adminv1.Filter{Overridden: true}})
		if err != nil || len(page.GetPolicies()) != 1 || page.GetPolicies()[0].GetOverride() != m.GetOverride().GetId() ||
			len(page.GetOverrides()) != 1 || page.GetTotals().GetOverrides() != 1 {
			t.Errorf("%v, %v; want one policy and its override", page, err)
		}
	})
}

func TestEndOfAnOverride(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set, client := overridable(t)
		end := &adminv1.OverrideRequest{Command: &adminv1.OverrideRequest_End_{End: &adminv1.OverrideRequest_End{Id: "1"}}}
		if _, err := client.Override(t.Context(), end); status.Code(err) != codes.NotFound {
			t.Errorf("error %v; want NOT_FOUND", err)
		}
		r := force(&policyv1.OverrideScope{Everything: true})
		r.GetBegin().Action = policyv1.Action_ACTION_FORCE_CLOSED
		if _, err := client.Override(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if m, err := client.Override(t.Context(), end); err != nil || m.GetOverride().GetId() != "1" {
			t.Errorf("%v, %v; want the one that ended", m, err)
		}
		if all := set.Rules().Steering().InForce(); len(all) > 0 {
			t.Errorf("in force: %v", all)
		}
	})
}

func TestTripAndReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t)
		client := serve(t, set, admin.WithAuthoriser(ada))
		if err := call(set, "/shop.Users/Get", users, nil); err != nil {
			t.Fatal(err)
		}
		r := &adminv1.OverrideRequest{Scope: &policyv1.OverrideScope{Target: users}, Reason: "a drill", Command: &adminv1.OverrideRequest_Trip_{}}
		if m, err := client.Override(t.Context(), r); err != nil || m.GetPolicies() != 1 || m.GetOverride() != nil {
			t.Errorf("%v, %v", m, err)
		}
		if err := call(set, "/shop.Users/Get", users, nil); !isOpen(err) || strings.Contains(err.Error(), "operator") {
			t.Errorf("error %v; want a circuit that is simply open", err)
		}
		r.Command = &adminv1.OverrideRequest_Reset_{}
		if m, err := client.Override(t.Context(), r); err != nil || m.GetPolicies() != 1 {
			t.Errorf("%v, %v", m, err)
		}
		if err := call(set, "/shop.Users/Get", users, nil); err != nil {
			t.Error(err)
		}
	})
}

// What is wrong with a request is said with the field and what is allowed, whoever asks.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	client := serve(t, newSet(t), admin.WithAuthoriser(ada))
	spoiled := func(spoil func(*adminv1.OverrideRequest)) *adminv1.OverrideRequest {
		r := force(&policyv1.OverrideScope{Kind: "breaker"})
		spoil(r)
		return r
	}
	for want, r := range map[string]*adminv1.OverrideRequest{
		"command = none":                        {},
		"for = 0s; must be in [1s, 24h]":        spoiled(func(r *adminv1.OverrideRequest) { r.GetBegin().For = nil }),
		"must be in [1s, 24h]":                  spoiled(func(r *adminv1.OverrideRequest) { r.GetBegin().For = &durationpb.Duration{Seconds: 1 << 60} }),
		"for = 48h0m0s":                         spoiled(func(r *adminv1.OverrideRequest) { r.GetBegin().For = durationpb.New(48 * time.Hour) }),
		"action = ":                             spoiled(func(r *adminv1.OverrideRequest) { r.GetBegin().Action = 99 }),
		"action = none":                         spoiled(func(r *adminv1.OverrideRequest) { r.GetBegin().Action = 0 }),
		"side = ":                               spoiled(func(r *adminv1.OverrideRequest) { r.Scope.Side = -7 }),
		"scope = empty":                         spoiled(func(r *adminv1.OverrideRequest) { r.Scope = nil }),
		`reason = ""`:                           spoiled(func(r *adminv1.OverrideRequest) { r.Reason = "" }),
		"reason = ":                             spoiled(func(r *adminv1.OverrideRequest) { r.Reason = strings.Repeat("x", 513) }),
		"name = ":                               spoiled(func(r *adminv1.OverrideRequest) { r.Scope.Name = "\x1b[31m" }),
		"scope = set; must be left out":         {Scope: &policyv1.OverrideScope{}, Command: &adminv1.OverrideRequest_End_{}},
		"places = 5; must be left out but with": spoiled(func(r *adminv1.OverrideRequest) { r.GetBegin().Places = 5 }),
	} {
		if _, err := client.Override(t.Context(), r); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v; want %q", r, err, want)
		}
	}
	for want, r := range map[string]*adminv1.SnapshotRequest{
		"page_size = -1":             {PageSize: -1},
		"page_size = 5001":           {PageSize: 5001},
		"events = 513":               {Events: 513},
		"page_token":                 {PageToken: "no such thing"},
		"page_token = 70000":         {PageToken: strings.Repeat("A", 70000)},
		"filter.text = 257 bytes":    {Filter: &adminv1.Filter{Text: strings.Repeat("x", 257)}},
		"filter.side = 9":            {Filter: &adminv1.Filter{Side: 9}},
		"filter.states = 99":         {Filter: &adminv1.Filter{States: []policyv1.BreakerStatus_State{99}}},
		"filter.states = 17 states;": {Filter: &adminv1.Filter{States: make([]policyv1.BreakerStatus_State, 17)}},
	} {
		if _, err := client.Snapshot(t.Context(), r); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want %q", err, want)
		}
	}
	for want, r := range map[string]*adminv1.ExplainRequest{
		`method = ""`:      {},
		"method = 600":     {Method: "/" + strings.Repeat("x", 599)},
		"target = 5000":    {Method: "/a.B/C", Target: strings.Repeat("x", 5000)},
		"side = 8":         {Method: "/a.B/C", Side: 8},
		"must be left out": {Method: "/a.B/C", Side: policyv1.Side_SIDE_SERVER, Target: users},
	} {
		if _, err := client.Explain(t.Context(), r); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want %q", err, want)
		}
	}
	for _, set := range []*config.Set{nil, newSet(t)} {
		if _, err := admin.New(set, nil); err == nil {
			t.Error("a nil option was taken")
		}
	}
	if _, err := admin.New(nil); err == nil {
		t.Error("a nil set was taken")
	}
}

// A guard that refuses everything does not refuse what changes it.
func TestServedWhereTheGuardIsFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t, config.WithRules(rules.Rule{Match: "*", Policies: []rules.Template{
			breaker.Each(breaker.Config{Mode: breaker.AlwaysOpen}), bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}),
		}}))
		client := serve(t, set, admin.WithAuthoriser(ada))
		if err := call(set, "/shop.Users/Get", users, nil); !isOpen(err) {
			t.Fatal(err)
		}
		r := force(&policyv1.OverrideScope{Everything: true})
		r.GetBegin().Action = policyv1.Action_ACTION_DISABLE
		if _, err := client.Override(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if err := call(set, "/shop.Users/Get", users, nil); err != nil {
			t.Error(err)
		}
	})
}

// Each policy of 10,000 keys and each rule is on one page, and no page is larger than 1 MB.
func TestPages(t *testing.T) {
	t.Parallel()
	const keys = 10_000
	var list []rules.Rule
	for i := range 500 {
		list = append(list, rules.Rule{Match: fmt.Sprintf("/other.v1.Service%d/*", i), Policies: []rules.Template{breaker.Each(breaker.Config{})}})
	}
	set := newSet(t, manyKeys(2*keys), config.WithRules(list...))
	fill(set, keys)
	client := serve(t, set)
	for _, size := range []int32{0, 700, 5000} {
		seen, ruled := map[string]int{}, map[string]int{}
		all := pages(t, client, &adminv1.SnapshotRequest{PageSize: size})
		for i, page := range all {
			if n := proto.Size(page); n > 1_000_000 {
				t.Errorf("page %d has %d bytes", i, n)
			}
			for _, p := range page.GetPolicies() {
				seen[p.GetKind()+" "+p.GetName()]++
			}
			for _, r := range page.GetRules() {
				ruled[r.GetRule().GetMatch()]++
			}
			if (i == 0) != (page.GetTotals() != nil) {
				t.Errorf("page %d: totals %v", i, page.GetTotals())
			}
		}
		if len(seen) != keys+2 || len(ruled) < 501 {
			t.Errorf("%d policies, %d rules; want %d, 501", len(seen), len(ruled), keys+2)
		}
		for name, n := range seen {
			if n != 1 {
				t.Errorf("%s came %d times", name, n)
			}
		}
		if n := all[0].GetTotals().GetPolicies(); n != keys+2 {
			t.Errorf("%d in total; want %d", n, keys+2)
		}
	}
	found := 0
	for _, page := range pages(t, client, &adminv1.SnapshotRequest{WithoutRules: true, Filter: &adminv1.Filter{Text: "SERVICE42/", Kind: "breaker"}}) {
		found += len(page.GetPolicies())
	}
	if found != keys/100 {
		t.Errorf("%d found; want %d", found, keys/100)
	}
}

// Policies that are alike in all that pages are ordered by are each shown once.
func TestPagesOfTwins(t *testing.T) {
	t.Parallel()
	set := newSet(t, config.WithRules(rules.Rule{Match: "*", Policies: []rules.Template{
		bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}), bulkhead.Each(bulkhead.Config{MaxConcurrent: 2}), bulkhead.Each(bulkhead.Config{MaxConcurrent: 3}),
	}}))
	fill(set, 5)
	client := serve(t, set)
	n := 0
	for _, page := range pages(t, client, &adminv1.SnapshotRequest{WithoutRules: true, PageSize: 2}) {
		n += len(page.GetPolicies())
	}
	if n != 15 {
		t.Errorf("%d policies; want 15", n)
	}
}

// Names that strangers made up reach the operator in a form that can be shown.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	set := newSet(t)
	hostile := []string{"/a.B/\xff\xfe", "/a.B/\x1b[2J", "/a.B/\u202egnp", "/a.B/<script>alert(1)</script>", "/a.B/" + strings.Repeat("é", 200), "", "/", "no slash", "/a.B/*"}
	for _, method := range hostile {
		for range 20 {
			_ = call(set, method, "dns:///\x00\xff", errDown)
		}
	}
	client := serve(t, set, admin.WithAuthoriser(ada))
	all := pages(t, client, &adminv1.SnapshotRequest{})
	for _, p := range all[0].GetPolicies() {
		if strings.ContainsAny(p.GetName()+p.GetTarget(), "\x1b\x00\u202e") {
			t.Errorf("%q at %q", p.GetName(), p.GetTarget())
		}
	}
	for _, method := range hostile[5:] {
		if method == "" {
			continue
		}
		m, err := client.Explain(t.Context(), &adminv1.ExplainRequest{Method: method, Target: "x"})
		if err != nil || m.GetKnown() {
			t.Errorf("%q: %v, %v", method, m, err)
		}
	}
	// It can be named as it is shown.
	name := all[0].GetPolicies()[0].GetName()
	if m, err := client.Override(t.Context(), force(&policyv1.OverrideScope{Kind: "breaker", Name: name})); err != nil && name != "" {
		t.Errorf("%q: %v, %v", name, m, err)
	}
}

// A call is explained by its rules, its policies and what has happened to them.
func TestExplain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t, config.WithRules(rules.Rule{Match: "/shop.Free/*"}, rules.Rule{Match: "/shop.*", Shadow: true, Policies: []rules.Template{
			breaker.Each(breaker.Config{ConsecutiveFailures: 1}),
		}}))
		client := serve(t, set, admin.WithAuthoriser(ada))
		explain := func(method string) *adminv1.ExplainResponse {
			t.Helper()
			m, err := client.Explain(t.Context(), &adminv1.ExplainRequest{Method: method, Target: users})
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		says := func(m *adminv1.ExplainResponse, want ...string) {
			t.Helper()
			for _, w := range want {
				if text := strings.Join(m.GetWords(), "\n"); !strings.Contains(text, w) {
					t.Errorf("%s\nmust say %q", text, w)
				}
			}
		}
		m := explain("/shop.Users/Get")
		says(m, "The closest rule is *, from afloat itself", "The closest shadow rule is /shop.*", "No such call was made yet", "would be let in now")
		if m.GetKnown() || len(m.GetRules()) != 2 {
			t.Errorf("%v; want a call that is not known, with two rules", m)
		}
		says(explain("/grpc.health.v1.Health/Check"), "No rule matches: the call is unguarded.")

		for range 15 {
			_ = call(set, "/shop.Users/Get", users, errDown)
		}
		if err := call(set, "/shop.Users/Get", users, nil); !isOpen(err) {
			t.Fatal(err)
		}
		m = explain("/shop.Users/Get")
		says(m, "A call would be refused now.", "breaker /shop.Users/Get is open since", "the next probe is sent in", "because of CIRCUIT_OPEN",
			"from closed to open", "because of consecutive_failures: 15 calls, 15 failed", "of the shadow rule, which only watches, is open")
		if !m.GetKnown() || m.GetWouldAdmit() || len(m.GetVerdicts()) != 4 {
			t.Errorf("%v; want four verdicts, and a refusal", m)
		}
		r := force(&policyv1.OverrideScope{Name: "/shop.Users/Get"})
		r.GetBegin().Action = policyv1.Action_ACTION_FORCE_CLOSED
		if _, err := client.Override(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		says(explain("/shop.Users/Get"), "A call would be let in now.", "force_closed by ada, because: a drill", "for another 1m0s")
		if set.Rules().Find(&policy.Call{Method: "/shop.Users/List", Target: users}) != nil {
			t.Error("explaining made policies")
		}
	})
}

// Whoever watches is told the states, and then what changes.
func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t)
		client := serve(t, set, admin.WithAuthoriser(ada))
		_ = call(set, "/shop.Users/Get", users, nil)
		_ = call(set, "/shop.Orders/Get", users, nil)
		w, err := client.Watch(t.Context(), &adminv1.WatchRequest{Filter: &adminv1.Filter{Text: "users/"}})
		if err != nil {
			t.Fatal(err)
		}
		m, err := w.Recv()
		if err != nil || len(m.GetStates()) != 1 || m.GetStates()[0].GetName() != "/shop.Users/Get" {
			t.Fatalf("%v, %v; want one circuit", m, err)
		}
		for _, method := range []string{"/shop.Orders/Get", "/shop.Users/Get"} {
			for range 15 {
				_ = call(set, method, users, errDown)
			}
		}
		tr := nextEvent(t, w).GetTransition()
		if told := fmt.Sprint(tr.GetName(), tr.GetFrom(), tr.GetTo(), tr.GetCause()); told != "/shop.Users/Getclosedopenconsecutive_failures" || tr.GetFailures() == 0 {
			t.Fatalf("%v; want the circuit that opened", tr)
		}
		if _, err := client.Override(t.Context(), force(&policyv1.OverrideScope{Name: "/shop.Orders/Get"})); err != nil {
			t.Fatal(err)
		}
		if s := nextEvent(t, w).GetSteered(); s.GetWhat() != "began" || s.GetBy() != "ada" || s.GetOverride().GetReason() != "a drill" {
			t.Fatalf("%v; want what was done by hand", s)
		}
		if s := nextEvent(t, w).GetSteered(); s.GetWhat() != "expired" {
			t.Fatalf("%v; want the end", s)
		}
	})
}

// nextEvent awaits one event.
func nextEvent(t *testing.T, w grpc.ServerStreamingClient[adminv1.WatchResponse]) *adminv1.Event {
	t.Helper()
	m, err := w.Recv()
	if err != nil || len(m.GetEvents()) != 1 {
		t.Fatalf("%v, %v; want one event", m, err)
	}
	return m.GetEvents()[0]
}

// Whoever does not read costs no memory, misses what happens, and is told the states again.
func TestSlowWatcher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t)
		_ = call(set, "/shop.Users/Get", users, nil)
		client := serve(t, set)
		w, err := client.Watch(t.Context(), &adminv1.WatchRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Recv(); err != nil {
			t.Fatal(err)
		}
		drill := override.Command{Scope: override.Scope{Everything: true}, Reason: strings.Repeat("x", 512), Author: "ada"}
		for range 20 {
			for range rules.MaxEvents {
				if _, err := set.Rules().Steering().Reset(drill); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
		}
		if _, err := set.Rules().Steering().Trip(drill); err != nil {
			t.Fatal(err)
		}
		missed, told, state := readAll(t, w, set.Rules().Events().Last())
		if missed == 0 || told > 4*rules.MaxEvents {
			t.Errorf("%d missed, %d told; want most of them missed", missed, told)
		}
		if state != "STATE_OPEN" && state != "open" {
			t.Errorf("the last state told is %s; want open", state)
		}
	})
}

// readAll reads until all of so many events were told or missed, and returns the last state.
func readAll(t *testing.T, w grpc.ServerStreamingClient[adminv1.WatchResponse], events uint64) (missed, told uint64, state string) {
	t.Helper()
	for missed+told < events {
		m, err := w.Recv()
		if err != nil {
			t.Fatal(err)
		}
		missed, told = missed+m.GetMissed(), told+uint64(len(m.GetEvents()))
		for _, s := range m.GetStates() {
			state = s.GetBreaker().GetState().String()
		}
		for _, e := range m.GetEvents() {
			state = cmp.Or(e.GetTransition().GetTo(), state)
		}
	}
	return missed, told, state
}

func TestWatchersAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := serve(t, newSet(t))
		ctx, cancel := context.WithCancel(t.Context())
		for range admin.MaxWatchers {
			w, err := client.Watch(ctx, &adminv1.WatchRequest{})
			if err == nil {
				_, err = w.Recv()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		w, err := client.Watch(t.Context(), &adminv1.WatchRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Recv(); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("error %v; want RESOURCE_EXHAUSTED", err)
		}
		cancel()
		synctest.Wait()
		w, err = client.Watch(t.Context(), &adminv1.WatchRequest{})
		if err == nil {
			_, err = w.Recv()
		}
		if err != nil {
			t.Errorf("after the others have gone: %v", err)
		}
	})
}

// Whatever is asked, the service answers, with a status that says what is wrong, and nothing
// is changed that was not authorised.
func FuzzRequests(f *testing.F) {
	add := func(m proto.Message) {
		data, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	add(force(&policyv1.OverrideScope{Name: "/shop.*"}))
	add(&adminv1.SnapshotRequest{PageSize: 3, Filter: &adminv1.Filter{Text: "x"}})
	add(&adminv1.ExplainRequest{Method: "/shop.Users/Get", Target: users})
	set := newSet(f)
	fill(set, 20)
	service, err := admin.New(set, admin.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		check := func(err error) {
			t.Helper()
			switch status.Code(err) {
			case codes.OK, codes.InvalidArgument, codes.PermissionDenied, codes.NotFound, codes.Canceled:
			default:
				t.Errorf("%q: %v", data, err)
			}
		}
		var change adminv1.OverrideRequest
		if proto.Unmarshal(data, &change) == nil {
			_, err := service.Override(t.Context(), &change)
			check(err)
			change.DryRun = true
			_, err = service.Override(t.Context(), &change)
			check(err)
		}
		var snapshot adminv1.SnapshotRequest
		if proto.Unmarshal(data, &snapshot) == nil {
			m, err := service.Snapshot(t.Context(), &snapshot)
			check(err)
			if _, err := proto.Marshal(m); err != nil {
				t.Error(err)
			}
		}
		var explain adminv1.ExplainRequest
		if proto.Unmarshal(data, &explain) == nil {
			m, err := service.Explain(t.Context(), &explain)
			check(err)
			if _, err := proto.Marshal(m); err != nil {
				t.Error(err)
			}
		}
		var watch adminv1.WatchRequest
		if proto.Unmarshal(data, &watch) == nil {
			ctx, cancel := context.WithCancel(t.Context())
			check(service.WatchTo(ctx, &watch, func(*adminv1.WatchResponse) error {
				cancel()
				return nil
			}))
			cancel()
		}
		if n := len(set.Rules().Steering().InForce()); n > 0 {
			t.Fatalf("%d overrides are in force", n)
		}
	})
}

// BenchmarkSnapshot takes a page, and all, of what guards 10,000 methods.
func BenchmarkSnapshot(b *testing.B) {
	set := newSet(b, manyKeys(20_000))
	fill(set, 10_000)
	service, err := admin.New(set)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("page", func(b *testing.B) {
		for b.Loop() {
			if _, err := service.Snapshot(b.Context(), &adminv1.SnapshotRequest{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			r := &adminv1.SnapshotRequest{PageSize: 5000}
			for {
				page, err := service.Snapshot(b.Context(), r)
				if err != nil {
					b.Fatal(err)
				}
				if r.PageToken = page.GetNextPageToken(); r.GetPageToken() == "" {
					break
				}
			}
		}
	})
	b.Run("override", func(b *testing.B) {
		for b.Loop() {
			if _, err := service.OverrideAs(b.Context(), force(&policyv1.OverrideScope{Everything: true}), ada); err != nil {
				b.Fatal(err)
			}
			end := &adminv1.OverrideRequest{Command: &adminv1.OverrideRequest_End_{End: &adminv1.OverrideRequest_End{Id: set.Rules().Steering().InForce()[0].ID}}}
			if _, err := service.OverrideAs(b.Context(), end, ada); err != nil {
				b.Fatal(err)
			}
		}
	})
}
