package config_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// own is a policy of one's own.
type own struct{}

func (own) Acquire(context.Context, *policy.Call) (policy.Permit, error) { return policy.Permit{}, nil }

const everyKind = `
compartments:
  payments:
    bulkhead: {max_concurrent: 10, max_queue: 5, max_wait: 1s}
rules:
  - match: "*"
    side: client
    timeout: {default: 30s}
    breaker: {slow_after: 300ms, failure_ratio: off}
    rate_limit: {per_second: 100, scope: per_target}
    fault: {delay: 1ms, delay_share: 0.5, scope: per_service}
  - match: /shop.Payments/*
    bulkhead: {compartment: payments}
  - match: /shop.Payments/Charge
    target: dns:///a
  - match: /shop.*
    shadow: true
    breaker: {}
`

func TestSnapshot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSet(
			t, config.WithFile(file(t, everyKind)),
			config.WithRules(rules.Rule{Match: "/shop.Cart/*", Policies: []rules.Template{
				rules.Use(own{}),
				{Kind: "quota", New: func(rules.Key) (policy.Policy, error) { return own{}, nil }},
				breaker.Each(breaker.Config{}).On(policy.Client), breaker.Each(breaker.Config{OpenFor: time.Second}).On(policy.Client),
			}}),
		)
		for _, call := range []policy.Call{
			{Method: charge}, {Method: "/users.Users/Get", Target: "dns:///b"}, {Method: "/shop.Cart/Get"},
		} {
			s.Rules().Resolve(&call)
		}
		bad := s.Apply([]rules.Rule{within("x", time.Second)})
		snap := s.Snapshot()
		var given []string
		for _, r := range snap.Rules {
			place := r.Place[strings.LastIndex(r.Place, "/")+1:]
			given = append(given, fmt.Sprintf("%s %q %v %v %s", r.Match, r.Target, r.Sides, r.Source, place))
		}
		want := []string{
			`/shop.Payments/Charge "dns:///a" [] file rules.yaml:14:5`,
			`/shop.Cart/* "" [] code code`,
			`/shop.Payments/* "" [] file rules.yaml:12:5`,
			`/shop.* "" [] file rules.yaml:16:5`,
			`* "" [server local] built-in built-in`,
			`* "" [client] file rules.yaml:6:5`,
		}
		if !slices.Equal(given, want) {
			t.Errorf("rules:\n%s\nwant:\n%s", strings.Join(given, "\n"), strings.Join(want, "\n"))
		}
		if snap.Applied != 0 || snap.Refused != 1 || snap.LastRefused.Source != config.Code || snap.LastRefused.Err.Error() != bad.Error() {
			t.Errorf("%d applied, %d refused, the last %+v; want 0, 1 and %v", snap.Applied, snap.Refused, snap.LastRefused, bad)
		}
		if !snap.TakenAt.Equal(time.Now()) || !snap.LastRefused.At.Equal(time.Now()) {
			t.Errorf("taken at %v, refused at %v; want now", snap.TakenAt, snap.LastRefused.At)
		}
		var policies []string
		for _, p := range snap.Policies {
			policies = append(policies, fmt.Sprintf("%s %s %v", p.Name, p.Kind, p.Config != nil))
		}
		want = []string{
			"  false", // what Use was given has neither name nor kind
			"/shop.Cart/Get breaker true", "/shop.Cart/Get breaker true", "/shop.Cart/Get breaker true", "/shop.Cart/Get quota false",
			"/shop.Payments/Charge breaker true", "payments bulkhead true",
			"* ratelimit true", "* timeout true", "/users.Users/ fault true", "/users.Users/Get breaker true",
		}
		if !slices.Equal(policies, want) {
			t.Errorf("policies:\n%s\nwant:\n%s", strings.Join(policies, "\n"), strings.Join(want, "\n"))
		}
	})
}

// Whether a refusal stands is told by whether a change was applied after it.
func TestSnapshotSaysSinceWhen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, start := newSet(t), time.Now()
		time.Sleep(time.Minute)
		_ = s.Apply([]rules.Rule{within("x", time.Second)})
		if snap := s.Snapshot(); !snap.Since.Equal(start) || !snap.LastRefused.At.Equal(time.Now()) {
			t.Errorf("in force since %v, refused at %v; want %v and now", snap.Since, snap.LastRefused.At, start)
		}
		time.Sleep(time.Minute)
		if err := s.Apply(nil); err != nil {
			t.Fatal(err)
		}
		snap := s.Snapshot()
		if !snap.Since.Equal(time.Now()) || !snap.LastRefused.At.Before(snap.Since) || !snap.Message().GetInForceSince().AsTime().Equal(snap.Since) {
			t.Errorf("in force since %v, refused at %v; want now, after the refusal", snap.Since, snap.LastRefused.At)
		}
	})
}

func TestSnapshotMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSet(t, config.WithFile(file(t, everyKind)), config.WithRules(
			rules.Rule{Match: "/shop.Cart/*", Policies: []rules.Template{
				rules.Use(own{}),
				{Kind: "quota", New: func(rules.Key) (policy.Policy, error) { return own{}, nil }},
				breaker.Each(breaker.Config{}).On(policy.Client), breaker.Each(breaker.Config{OpenFor: time.Second}).On(policy.Client),
				bulkhead.Each(bulkhead.Config{MaxConcurrent: 3}).In("cart"),
			}},
		))
		for _, m := range []string{charge, "/users.Users/Get"} {
			s.Rules().Resolve(&policy.Call{Method: m})
		}
		open(t, s, "/users.Users/Get")
		_ = s.Apply([]rules.Rule{within("x", time.Second)})
		m := s.Snapshot().Message()
		var cart []string
		for _, r := range m.GetRules() {
			if r.GetRule().GetMatch() == "/shop.Cart/*" {
				cart = append(cart, fmt.Sprintf("%v %v %v %s", r.GetRule().GetSide(), r.GetRule().GetBreaker() != nil, r.GetOtherPolicies(), r.GetRule().GetBulkhead().GetCompartment()))
			}
		}
		want := []string{
			"SIDE_CLIENT true [unnamed quota breaker] cart", "SIDE_SERVER false [unnamed quota] cart", "SIDE_LOCAL false [unnamed quota] cart",
		}
		if !slices.Equal(cart, want) {
			t.Errorf("the rule of code is told as %q; want %q", cart, want)
		}
		if got := m.GetCompartments()["payments"].GetBulkhead().GetMaxQueue(); got != 5 || m.GetCompartments()["cart"] == nil {
			t.Errorf("compartments %v; want payments and cart", m.GetCompartments())
		}
		if got := m.GetLastRefused(); got.GetSource() != policyv1.Source_SOURCE_CODE || !strings.Contains(got.GetFaults(), `match = "x"`) {
			t.Errorf("last refused %v; want the bad change", got)
		}
		kinds := map[string]int{}
		for _, p := range m.GetPolicies() {
			kinds[fmt.Sprintf("%s %T", p.GetKind(), p.GetStatus())]++
			if b := p.GetBreaker(); b != nil && p.GetName() == "/users.Users/Get" && b.GetState() != policyv1.BreakerStatus_STATE_OPEN {
				t.Errorf("the breaker is told as %v; want it open", b)
			}
		}
		for _, kind := range []string{
			"breaker *policyv1.LivePolicy_Breaker", "bulkhead *policyv1.LivePolicy_Bulkhead", "fault *policyv1.LivePolicy_Fault",
			"ratelimit *policyv1.LivePolicy_RateLimit", "timeout *policyv1.LivePolicy_Timeout",
		} {
			if kinds[kind] == 0 {
				t.Errorf("no %s among %v", kind, kinds)
			}
		}
		roundTrip(t, m)
	})
}

// open opens the breaker of a method.
func open(tb testing.TB, s *config.Set, method string) {
	tb.Helper()
	call := policy.Call{Method: method}
	for range 15 {
		var a policy.Admission
		a.Call = call
		if _, err := s.Rules().Resolve(&call).Admit(tb.Context(), &a); err != nil {
			tb.Fatal(err)
		}
		a.SettleAs(policy.Outcome{Verdict: policy.Failure, Decided: true})
	}
}

// roundTrip requires that the JSON form of a message is that message.
func roundTrip(tb testing.TB, m proto.Message) {
	tb.Helper()
	text, err := protojson.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	back := m.ProtoReflect().New().Interface()
	if err := protojson.Unmarshal(text, back); err != nil {
		tb.Fatal(err)
	}
	if !proto.Equal(m, back) {
		tb.Errorf("as JSON it is another message:\n%s", text)
	}
}
