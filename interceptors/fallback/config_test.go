package fallback_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/fallback"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// sameLines compares an error's lines with what is expected, in any order.
func sameLines(tb testing.TB, err error, want ...string) {
	tb.Helper()
	if err == nil {
		tb.Fatal("no error")
	}
	got := strings.Split(err.Error(), "\n")
	for _, w := range want {
		if !strings.Contains("\n"+err.Error()+"\n", "\n"+w+"\n") {
			tb.Errorf("missing: %s", w)
		}
	}
	if len(got) != len(want) {
		tb.Errorf("error:\n%v\nwant %d lines", err, len(want))
	}
}

func TestNewReportsAllFaults(t *testing.T) {
	t.Parallel()
	b, err := breaker.New(breaker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	steps := fallback.Try[int, string]("service", nil).Guard(b).Timeout(time.Microsecond).
		Default(nil).Guard(b).
		Fallback("", gives("")).MaxRunning(-1).Needs(-time.Second).Guard(nil)
	_, err = fallback.New("profile", steps, nil)
	sameLines(t, err,
		`fallback: option 0 = nil; must be an option of the package`,
		`fallback "profile": default = step 2 of 3; must be the last step`,
		`fallback "profile": guard of step "default" = the *breaker.Breaker of step "service"; must be one of its own`,
		`fallback "profile", step "service": function = nil; must be a function`,
		`fallback "profile", step "service": timeout = 1µs; must be in [1ms, 24h0m0s]`,
		`fallback "profile", step "default": function = nil; must be a function`,
		`fallback "profile", step "default": guard = set; must be unset: a default is at hand`,
		`fallback "profile", step "": name = ""; must be a name`,
		`fallback "profile", step "": needs = -1s; must be in [1µs, 24h0m0s]`,
		`fallback "profile", step "": max_running = -1; must be in [1, 1000000]`,
		`fallback "profile", step "": policy: policy 0 of the chain = nil; must be a policy`,
	)
}

func TestNoStepsAreAFault(t *testing.T) {
	t.Parallel()
	var none fallback.Steps[int, string]
	_, err := fallback.New("profile", none.Timeout(time.Second).Guard(nil).Needs(1).MaxRunning(1))
	sameLines(t, err, `fallback "profile": steps = none; must be at least one`)
	_, err = fallback.New("", fallback.Try("service", gives("")).Default(func(int) string { return "" }).Timeout(time.Second).Needs(time.Minute))
	sameLines(
		t, err,
		`fallback "": name = ""; must be a name`,
		`fallback "", step "default": timeout = 1s; must be unset: a default is at hand`,
		`fallback "", step "default": needs = 1m0s; must be unset: a default is at hand`,
	)
}

// uncomparable is a policy that cannot be the key of a map.
type uncomparable struct{ _ []int }

func (uncomparable) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}

func TestGuardsThatCannotBeComparedMayBeUsed(t *testing.T) {
	t.Parallel()
	steps := fallback.Try("service", fails(errDown)).Guard(uncomparable{}, uncomparable{}).
		Fallback("cache", gives("cached")).Guard(uncomparable{})
	if a, err := chain(t, steps).Do(t.Context(), 1); err != nil || a.Value != "cached" {
		t.Errorf("answer = %+v, %v", a, err)
	}
}

// Steps are values: what is made of one does not change it.
func TestStepsAreValues(t *testing.T) {
	t.Parallel()
	base := fallback.Try("service", fails(errDown))
	one, two := base.Fallback("one", gives("1")), base.Fallback("two", gives("2"))
	slow := one.Timeout(time.Second)
	for want, steps := range map[string]fallback.Steps[int, string]{"1": one, "2": two} {
		if a, err := chain(t, steps).Do(t.Context(), 1); err != nil || a.Value != want {
			t.Errorf("answer = %+v, %v; want %q", a, err, want)
		}
	}
	if a, err := chain(t, slow).Do(t.Context(), 1); err != nil || a.Value != "1" {
		t.Errorf("answer = %+v, %v", a, err)
	}
	if _, err := chain(t, base).Do(t.Context(), 1); !errors.Is(err, errDown) {
		t.Errorf("error = %v; want that of the only step", err)
	}
}

func TestNewClientReportsAllFaults(t *testing.T) {
	t.Parallel()
	same, err := grpc.NewClient("dns:///users.example:443", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer same.Close()
	type profile = fallback.Method[*testv1.GetProfileRequest, *testv1.GetProfileResponse]
	start := func(method string) profile {
		return fallback.For[*testv1.GetProfileRequest, *testv1.GetProfileResponse](method)
	}
	var none *testv1.GetProfileResponse
	_, err = fallback.NewClient("users.example:443", []fallback.Rule{
		nil,
		start("/a.B/C").Conn("other region", same).Conn("none", nil).LastGood(nil),
		start("/a.B/C").Needs(time.Second).Guard(uncomparable{}).MaxRunning(3).Static(none),
		start("a.B/C"),
		fallback.For[proto.Message, proto.Message]("/a.B/D").Static(nil),
		fallback.For[*testv1.GetProfileRequest, proto.Message]("/a.B/E").Static(&testv1.GetProfileResponse{}),
		start("/a.B/F").LastGood(store(t, fallback.StoreConfig{})).Needs(-1).MaxRunning(-1),
	})
	sameLines(t, err,
		`fallback: rule 0 = nil; must be a Method`,
		`fallback: store of /a.B/C = nil; must be made by NewStore`,
		`fallback: connection "other region" of /a.B/C = one to dns:///users.example:443; must be to another target`,
		`fallback: connection "none" of /a.B/C = nil; must be a connection`,
		`fallback: needs of /a.B/C = set for the call itself; must be set after a fallback is named`,
		`fallback: guard of /a.B/C = set for the call itself; must be set after a fallback is named`,
		`fallback: max_running of /a.B/C = set for the call itself; must be set after a fallback is named`,
		`fallback of /a.B/C, step "default": function = nil; must be a function`,
		`fallback: method = "/a.B/C" twice; must be named once`,
		`fallback: method = "a.B/C"; must be as in /pkg.Service/Method`,
		`fallback: fallbacks of a.B/C = none; must be at least one`,
		`fallback: messages of /a.B/D = <nil>, <nil>; must be generated types`,
		`fallback of /a.B/D, step "default": function = nil; must be a function`,
		`fallback: messages of /a.B/E = *testv1.GetProfileRequest, <nil>; must be generated types`,
		`fallback of /a.B/F, step "last good": needs = -1ns; must be in [1µs, 24h0m0s]`,
		`fallback of /a.B/F, step "last good": max_running = -1; must be in [1, 1000000]`,
	)
}

func TestNewClientReportsABadTarget(t *testing.T) {
	t.Parallel()
	_, err := fallback.NewClient("dns://%zz/x\x7f", nil, nil)
	if err == nil || !strings.Contains(err.Error(), "fallback: target = ") || !strings.Contains(err.Error(), "option 0 = nil") {
		t.Errorf("error = %v", err)
	}
}

func TestNewStoreReportsAllFaults(t *testing.T) {
	t.Parallel()
	_, err := fallback.NewStore(fallback.StoreConfig{MaxEntries: -1, MaxBytes: 5, MaxAge: time.Millisecond}, nil)
	sameLines(t, err,
		`fallback store: max_entries = -1; must be in [1, 10000000]`,
		fmt.Sprintf(`fallback store: max_bytes = 5; must be in [1024, %d]`, min(1<<36, math.MaxInt)),
		`fallback store: max_age = 1ms; must be in [1s, 720h0m0s]`,
		`fallback store: option 0 = nil; must be an option of the package`,
	)
}
