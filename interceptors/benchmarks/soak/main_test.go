package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// What is promised holds for a few seconds; make soak takes longer. It is in real time,
// because sockets and the garbage collector are.
func TestSoak(t *testing.T) { //nolint:paralleltest // it counts goroutines
	var out bytes.Buffer
	err := soak(t.Context(), settings{runs: 3 * time.Second, seed: 1, callers: 24, every: time.Second}, &out)
	t.Log("\n" + out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" calls: ", "holds", "places, settled, markers"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q", want)
		}
	}
}

func TestFlagsAreChecked(t *testing.T) {
	t.Parallel()
	good := settings{runs: time.Second, callers: 1, every: time.Second}
	for want, s := range map[string]settings{
		"flag -for = 1ms; must be at least 1s":         {runs: time.Millisecond, callers: 1, every: time.Second},
		"flag -callers = 0; must be in [1, 10000]":     {runs: time.Second, every: time.Second},
		"flag -every = 1ms; must be at least 100ms":    {runs: time.Second, callers: 1, every: time.Millisecond},
		"flag -callers = 10001; must be in [1, 10000]": {runs: time.Second, callers: 10001, every: time.Second},
	} {
		if err := s.validate(); err == nil || err.Error() != want {
			t.Errorf("error = %v; want %s", err, want)
		}
	}
	if err := good.validate(); err != nil {
		t.Error(err)
	}
}

// The audit sees a bulkhead that lets too many through, and a permit that is settled twice.
func TestAuditFindsBrokenPolicies(t *testing.T) {
	t.Parallel()
	audits := &audits{breaches: &breaches{}}
	a := &audit{name: "x", books: audits, outstanding: map[uint64]string{}}
	a.most.Store(1)
	var call policy.Call
	first, _ := a.Acquire(context.Background(), &call)
	if audits.any() {
		t.Fatal(audits.err())
	}
	second, _ := a.Acquire(context.Background(), &call)
	a.Settle(first.Token, &policy.Outcome{})
	if err := audits.err(); err == nil || !strings.Contains(err.Error(), "2 calls behind a bulkhead of 1") {
		t.Errorf("error = %v", err)
	}
	a.Settle(first.Token, &policy.Outcome{})
	audits.check()
	for _, want := range []string{"settled twice", "2 permits, 1 settled"} {
		if err := audits.err(); !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v; want %q", err, want)
		}
	}
	a.Settle(second.Token, &policy.Outcome{})
	if !a.Idle() {
		t.Error("it is not idle when all is settled")
	}
}

// The oracle accepts a page that says what happened, and no other.
func TestOracleKnowsWhatMustBeSaid(t *testing.T) {
	t.Parallel()
	own := token{origin: "a", what: "account", call: 7, user: "u1", nonce: 3}
	banner := token{origin: "b", what: "plain", call: 7, user: "u1", nonce: 4}
	marked := func(path string, s degrade.State) degrade.Marker {
		return degrade.Marker{Path: path, State: s, Reason: degrade.ReasonTimeout}
	}
	with := func(t token, change func(*token)) token { change(&t); return t }
	for name, test := range map[string]struct {
		account, banner string
		stale           bool
		markers         []degrade.Marker
		broken          string // "" if all is well
	}{
		"all is well":             {account: own.String(), banner: banner.String()},
		"a marker without reason": {account: own.String(), banner: banner.String(), markers: []degrade.Marker{marked("banner", degrade.Stale)}, broken: "markers"},
		"missing":                 {account: own.String(), markers: []degrade.Marker{marked("banner", degrade.Missing)}},
		"missing in silence":      {account: own.String(), broken: "markers"},
		"stale":                   {account: own.String(), banner: banner.String(), stale: true, markers: []degrade.Marker{marked("account.plan", degrade.Stale)}},
		"stale in silence":        {account: own.String(), banner: banner.String(), stale: true, broken: "markers"},
		"default":                 {account: fixedPlan, banner: banner.String(), markers: []degrade.Marker{marked("account", degrade.Defaulted)}},
		"default as stale":        {account: fixedPlan, banner: banner.String(), markers: []degrade.Marker{marked("account", degrade.Stale)}, broken: "markers"},
		"a former answer": {
			account: with(own, func(t *token) { t.call = 5 }).String(), banner: banner.String(),
			markers: []degrade.Marker{marked("account", degrade.Stale)},
		},
		"a former answer in silence": {account: with(own, func(t *token) { t.call = 5 }).String(), banner: banner.String(), broken: "markers"},
		"another user's answer": {
			account: with(own, func(t *token) { t.call, t.user = 5, "u2" }).String(), banner: banner.String(),
			markers: []degrade.Marker{marked("account", degrade.Stale)}, broken: "users",
		},
		"nobody's answer": {account: with(own, func(t *token) { t.nonce = 99 }).String(), banner: banner.String(), broken: "markers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var j journal
			c := j.begin("u1")
			c.id = 7
			c.did(deed{made: own, stale: test.stale})
			c.did(deed{made: banner})
			o := oracle{&breaches{}, c, degrade.NewReport(test.markers...)}
			o.page(&testv1.GetPageResponse{Account: &testv1.GetAccountResponse{Plan: test.account}, Banner: test.banner}, 0)
			err := o.err()
			if (err == nil) != (test.broken == "") || err != nil && !strings.HasPrefix(err.Error(), test.broken+":") {
				t.Errorf("error = %v; want one about %q", err, test.broken)
			}
		})
	}
}

func TestHeapThatGrowsIsFound(t *testing.T) {
	t.Parallel()
	var grows, stays heap
	for i := range uint64(heapSamples) {
		grows.samples = append(grows.samples, (10+2*i)<<20)
		stays.samples = append(stays.samples, (20+i%3)<<20)
	}
	if grows.growth() == nil {
		t.Error("a heap that grows was not found")
	}
	if err := stays.growth(); err != nil {
		t.Error(err)
	}
}
