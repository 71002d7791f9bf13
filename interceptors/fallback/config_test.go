package fallback_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
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
	_, err = fallback.New(
		"profile",
		fallback.To[int, string]("service", nil).Guard(b).Timeout(time.Microsecond),
		fallback.Default[int, string](nil).Guard(b),
		fallback.To("", gives("")).MaxRunning(-1).Needs(-time.Second).Guard(nil),
	)
	sameLines(t, err,
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
	_, err := fallback.New[int, string]("profile")
	sameLines(t, err, `fallback "profile": steps = none; must be at least one`)
	_, err = fallback.New("profile", fallback.Step[int, string]{})
	sameLines(
		t, err,
		`fallback "profile", step "": name = ""; must be a name`,
		`fallback "profile", step "": function = nil; must be a function`,
	)
	_, err = fallback.New("", fallback.To("service", gives("")), fallback.Default(func(int) string { return "" }).Timeout(time.Second).Needs(time.Minute))
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
	c := chain(t, fallback.To("service", fails(errDown)).Guard(uncomparable{}, uncomparable{}),
		fallback.To("cache", gives("cached")).Guard(uncomparable{}))
	if a, err := c.Do(t.Context(), 1); err != nil || a.Value != "cached" {
		t.Errorf("answer = %+v, %v", a, err)
	}
}

// The first step answers with the value as it should be, which neither an old value
// nor a default is.
func TestFirstStepGivesWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	old := func(context.Context, int) (string, time.Time, error) { return "", time.Time{}, nil }
	for want, first := range map[string]way{
		`fallback "profile": first step = "archive", whose value is stale; must be one whose value is as it should be`:     fallback.Stale("archive", old),
		`fallback "profile": first step = "default", whose value is defaulted; must be one whose value is as it should be`: fallback.Default(func(int) string { return "" }),
	} {
		_, err := fallback.New("profile", first)
		sameLines(t, err, want)
	}
}

// Steps are values: what is made of one does not change it, and several chains may
// have it, each with bounds of its own.
func TestStepsAreValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		base := fallback.To("service", hangs(time.Hour)).Timeout(time.Second)
		one, slow := base.MaxRunning(1), base.Timeout(time.Minute)
		guarded := slow.Guard(uncomparable{})
		cache := fallback.To("cache", gives("cached"))
		for name, tt := range map[string]struct {
			first, second time.Duration
			step          way
		}{
			"as it was":            {time.Second, time.Second, base},
			"one at a time":        {time.Second, 0, one},
			"with more time":       {time.Minute, time.Minute, slow},
			"and under a guard":    {time.Minute, time.Minute, guarded},
			"one at a time, again": {time.Second, 0, one},
		} {
			c := chain(t, tt.step, cache)
			for _, want := range []time.Duration{tt.first, tt.second} {
				begin := time.Now()
				if a, err := c.Do(t.Context(), 1); err != nil || a.Value != "cached" || time.Since(begin) != want {
					t.Errorf("%s: answer = %+v, %v after %v; want it after %v", name, a, err, time.Since(begin), want)
				}
			}
		}
		if _, err := chain(t, fallback.To("service", fails(errDown))).Do(t.Context(), 1); !errors.Is(err, errDown) {
			t.Errorf("error = %v; want that of the only step", err)
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestNewMethodsReportsAllFaults(t *testing.T) {
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
	c, f, kept := start("/a.B/C"), start("/a.B/F"), store(t, fallback.StoreConfig{})
	d := fallback.For[proto.Message, proto.Message]("/a.B/D")
	e := fallback.For[*testv1.GetProfileRequest, proto.Message]("/a.B/E")
	_, err = fallback.NewMethods("users.example:443",
		nil,
		c.Else(c.Conn("other region", same), c.Conn("none", nil), c.LastGood(nil, fallback.SameForAll())),
		c.Timeout(time.Microsecond).Else(c.Static(none)),
		start("a.B/C"),
		d.Else(d.Static(nil)),
		e.Else(e.Static(&testv1.GetProfileResponse{})),
		f.Else(f.LastGood(kept, fallback.SameForAll()).Needs(-1).MaxRunning(-1), start("/a.B/G").LastGood(kept, fallback.SameForAll())),
	)
	sameLines(t, err,
		`fallback: method 0 = nil; must be a Method`,
		`fallback of /a.B/C, step "last good": store = nil; must be made by NewStore`,
		`fallback: connection "other region" of /a.B/C = one to dns:///users.example:443; must be to another target`,
		`fallback of /a.B/C, step "none": connection = nil; must be a connection`,
		`fallback of /a.B/C, step "call": timeout = 1µs; must be in [1ms, 24h0m0s]`,
		`fallback of /a.B/C, step "default": response = nil; must be a message`,
		`fallback: method = "/a.B/C" twice; must be named once`,
		`fallback: method = "a.B/C"; must be as in /pkg.Service/Method`,
		`fallback: fallbacks of a.B/C = none; must be at least one`,
		`fallback: messages of /a.B/D = <nil>, <nil>; must be generated types`,
		`fallback of /a.B/D, step "default": response = nil; must be a message`,
		`fallback: messages of /a.B/E = *testv1.GetProfileRequest, <nil>; must be generated types`,
		`fallback of /a.B/F, step "last good": needs = -1ns; must be in [1µs, 24h0m0s]`,
		`fallback of /a.B/F, step "last good": max_running = -1; must be in [1, 1000000]`,
		`fallback: step "last good" of /a.B/F = of /a.B/G; must be made by the method itself`,
	)
}

// Who may be given what was kept must be said for each method: there is no default.
func TestLastGoodNeedsAnAudience(t *testing.T) {
	t.Parallel()
	m, kept := method(), store(t, fallback.StoreConfig{})
	const fault = `fallback: audience of step "last good" of /afloat.test.v1.TierService/GetProfile = none; ` +
		`must be KeyBy with a function, or SameForAll if the response does not depend on who is asking`
	for name, none := range map[string]fallback.Audience{"zero": {}, "key by nothing": fallback.KeyBy(nil)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := fallback.NewMethods("users.example:443", m.Else(m.LastGood(kept, none)))
			sameLines(t, err, fault)
			_, err = fallback.NewMethods("users.example:443", m.Else(m.LastGood(nil, none)))
			sameLines(t, err, fault,
				`fallback of /afloat.test.v1.TierService/GetProfile, step "last good": store = nil; must be made by NewStore`)
		})
	}
	for name, said := range map[string]fallback.Audience{
		"all": fallback.SameForAll(),
		"key": fallback.KeyBy(func(context.Context, proto.Message) (string, bool) { return "", false }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := fallback.NewMethods("users.example:443", m.Else(m.LastGood(kept, said))); err != nil {
				t.Error(err)
			}
		})
	}
}

// Nobody keeps responses for a chain.
func TestLastGoodIsForMethods(t *testing.T) {
	t.Parallel()
	m := method()
	_, err := fallback.New("profile", fallback.To("service", refuses(errDown)), m.LastGood(store(t, fallback.StoreConfig{}), fallback.SameForAll()))
	sameLines(t, err, `fallback "profile": step "last good" = of responses that are kept; must be for a method of a client: chains and plans have LastGood`)
}

func TestNewMethodsReportsABadTarget(t *testing.T) {
	t.Parallel()
	_, err := fallback.NewMethods("dns://%zz/x\x7f", nil)
	if err == nil || !strings.Contains(err.Error(), "fallback: target = ") || !strings.Contains(err.Error(), "method 0 = nil") {
		t.Errorf("error = %v", err)
	}
}

func TestNewStoreReportsAllFaults(t *testing.T) {
	t.Parallel()
	_, err := fallback.NewStore(fallback.StoreConfig{MaxEntries: -1, MaxBytes: 5, MaxAge: time.Millisecond})
	sameLines(t, err,
		`fallback store: max_entries = -1; must be in [1, 10000000]`,
		fmt.Sprintf(`fallback store: max_bytes = 5; must be in [1024, %d]`, min(1<<36, math.MaxInt)),
		`fallback store: max_age = 1ms; must be in [1s, 720h0m0s]`,
	)
}
