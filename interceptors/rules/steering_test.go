package rules_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

const (
	users  = "dns:///users"
	orders = "dns:///orders"
)

// steered are rules of every kind of policies, for clients.
func steered(tb testing.TB) *rules.Rules {
	tb.Helper()
	r, err := rules.New([]rules.Rule{everyKind("*")}, rules.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func everyKind(match string) rules.Rule {
	return rules.Rule{Match: match, Policies: []rules.Template{
		timeout.Each(timeout.Config{Default: time.Second}),
		breaker.Each(breaker.Config{}),
		bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}).Per(rules.PerTarget),
		ratelimit.Each(ratelimit.Config{PerSecond: 1, Burst: 1}),
		fault.Each(fault.Config{Abort: codes.Internal, AbortShare: 1}),
	}}
}

// breakersAlone is a rule of breakers.
func breakersAlone(match string) rules.Rule {
	return rules.Rule{Match: match, Policies: []rules.Template{breaker.Each(breaker.Config{})}}
}

// overriding is an override of one minute.
func overriding(action policy.Action, scope override.Scope) override.Override {
	return override.Override{
		Directive: policy.Directive{Action: action}, For: time.Minute,
		Command: override.Command{Scope: scope, Reason: "the database is moved", Author: "ada"},
	}
}

func mustOverride(tb testing.TB, r *rules.Rules, o override.Override) override.Override {
	tb.Helper()
	o, err := r.Steering().Override(o)
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

// once makes a call that ends at once, and returns why it was refused, or the fault that
// was injected.
func once(r *rules.Rules, method, target string) error {
	c, err := admit(r, method, target)
	if err == nil {
		c.Settle(nil)
	}
	return err
}

func admit(r *rules.Rules, method, target string) (*policy.Admission, error) {
	a := &policy.Admission{Call: policy.Call{Method: method, Target: target}}
	_, err := r.Resolve(&a.Call).Admit(context.Background(), a)
	return a, err
}

// refusing returns which of the methods at the targets are refused by an open circuit.
func refusing(r *rules.Rules) (all []string) {
	for _, target := range []string{users, users + "#eu", orders} {
		for _, method := range []string{"/shop.Users/Get", "/shop.Users/List", "/shop.Orders/Get", "/shop.billing.Bills/Get", "/shops.Users/Get"} {
			if errors.Is(once(r, method, target), breaker.ErrOpen) {
				all = append(all, strings.TrimPrefix(target, "dns:///")+method)
			}
		}
	}
	return all
}

func TestSteeringForcesOpenWhatTheScopeMeans(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		scope override.Scope
		want  string
	}{
		"a circuit":             {override.Scope{Kind: "breaker", Rule: "*", Side: "client", Target: orders, Name: "/shop.Users/Get"}, "[orders/shop.Users/Get]"},
		"a method":              {override.Scope{Name: "/shop.Users/List"}, "[users/shop.Users/List users#eu/shop.Users/List orders/shop.Users/List]"},
		"a method at a target":  {override.Scope{Name: "/shop.Users/List", Target: orders}, "[orders/shop.Users/List]"},
		"a service":             {override.Scope{Name: "/shop.Users/*", Target: orders}, "[orders/shop.Users/Get orders/shop.Users/List]"},
		"a package":             {override.Scope{Name: "/shop.*", Target: orders}, "[orders/shop.Users/Get orders/shop.Users/List orders/shop.Orders/Get orders/shop.billing.Bills/Get]"},
		"a connection":          {override.Scope{Target: users + "#eu", Name: "/shop.Users/*"}, "[users#eu/shop.Users/Get users#eu/shop.Users/List]"},
		"a target":              {override.Scope{Target: users, Name: "/shop.Users/Get"}, "[users/shop.Users/Get users#eu/shop.Users/Get]"},
		"another side":          {override.Scope{Side: "server", Name: "/shop.Users/Get"}, "[]"},
		"another kind":          {override.Scope{Kind: "bulkhead"}, "[]"},
		"another rule":          {override.Scope{Rule: "/shop.Users/*"}, "[]"},
		"no prefix of a name":   {override.Scope{Name: "/shop.Users/G*"}, "[]"},
		"not by a lone star":    {override.Scope{Name: "*"}, "[]"},
		"not by half a service": {override.Scope{Name: "/shop.Use*"}, "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// What was called before, and what is first called while the override is in force.
			for _, before := range []bool{true, false} {
				synctest.Test(t, func(t *testing.T) {
					r, err := rules.New([]rules.Rule{breakersAlone("*")}, rules.WithLogger(slog.New(slog.DiscardHandler)))
					if err != nil {
						t.Fatal(err)
					}
					if before {
						refusing(r)
					}
					o := mustOverride(t, r, overriding(policy.ForceOpen, tt.scope))
					if got := fmt.Sprint(refusing(r)); got != tt.want {
						t.Errorf("called before: %v: refused %v; want %v", before, got, tt.want)
					}
					if want := strings.Count(tt.want, "/s"); before && o.Policies != want {
						t.Errorf("%d policies; want %d", o.Policies, want)
					}
					time.Sleep(time.Minute + time.Second)
					synctest.Wait()
					if got := refusing(r); len(got) > 0 || len(r.Steering().InForce()) > 0 {
						t.Errorf("after its time %v are refused, and %v in force", got, r.Steering().InForce())
					}
				})
			}
		})
	}
}

// The kill switch lets everything pass, and leaves everything as it was.
func TestSteeringDisablesEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := steered(t)
		if err := once(r, "/shop.Users/Get", users); policy.Code(err) != codes.Internal {
			t.Fatalf("error %v; want the fault", err)
		}
		o := mustOverride(t, r, overriding(policy.Disable, override.Scope{Everything: true}))
		if o.Policies != 5 {
			t.Errorf("%d policies; want all 5", o.Policies)
		}
		var open []*policy.Admission
		for i := range 10 {
			for _, method := range []string{"/shop.Users/Get", "/shop.Users/List"} {
				a, err := admit(r, method, users)
				if err != nil {
					t.Fatalf("call %d of %s: %v", i, method, err)
				}
				if !a.Call.Notes.Has(policy.NoteOverridden) {
					t.Errorf("call %d of %s has no note", i, method)
				}
				open = append(open, a)
			}
		}
		for _, a := range open[:19] {
			a.Settle(nil)
		}
		if _, err := r.Steering().End(o.ID, "grace"); err != nil {
			t.Fatal(err)
		}
		if err := once(r, "/shop.Users/Get", users); !errors.Is(err, bulkhead.ErrFull) {
			t.Errorf("error %v; want a bulkhead that has counted the call under way", err)
		}
		open[19].Settle(nil)
		time.Sleep(time.Minute)
		if err := once(r, "/shop.Users/Get", users); policy.Code(err) != codes.Internal {
			t.Errorf("error %v; want the fault again", err)
		}
	})
}

// A method that is first called by many at once, while an override is in force, has no call
// that slips through.
func TestSteeringOfAMethodThatManyCallFirst(t *testing.T) {
	t.Parallel()
	r, err := rules.New([]rules.Rule{breakersAlone("*")}, rules.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	mustOverride(t, r, overriding(policy.ForceOpen, override.Scope{Everything: true}))
	var admitted atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for i := range 100 {
				if once(r, fmt.Sprintf("/shop.Users/M%d", i), users) == nil {
					admitted.Add(1)
				}
			}
		})
	}
	all.Wait()
	if n := admitted.Load(); n > 0 {
		t.Errorf("%d calls were admitted", n)
	}
}

// Overrides that begin and end while rules change and methods come are in force, or over, in
// the end.
func TestSteeringWhileRulesChange(t *testing.T) {
	t.Parallel()
	r, err := rules.New([]rules.Rule{breakersAlone("*")}, rules.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	for round := range 30 {
		var all sync.WaitGroup
		var o override.Override
		all.Go(func() {
			for i := range 50 {
				_ = once(r, fmt.Sprintf("/shop.Users/M%d-%d", round, i), users)
			}
		})
		all.Go(func() { apply(t, r, breakersAlone("*"), breakersAlone("/shop.Users/*")) })
		all.Go(func() { o = mustOverride(t, r, overriding(policy.ForceOpen, override.Scope{Target: users})) })
		all.Wait()
		for l := range r.Live() {
			if b, ok := l.Policy.(*breaker.Breaker); !ok || b.State() != breaker.ForcedOpen {
				t.Fatalf("round %d: %s is %v", round, l.Name, b.State())
			}
		}
		all.Go(func() { apply(t, r, breakersAlone("*")) })
		all.Go(func() {
			if _, err := r.Steering().End(o.ID, "ada"); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		for l := range r.Live() {
			if b, ok := l.Policy.(*breaker.Breaker); !ok || b.Overridden() != (policy.Directive{}) {
				t.Fatalf("round %d: %s is still overridden", round, l.Name)
			}
		}
	}
}

// A change of the rules changes what they say, and not what an operator says.
func TestSteeringSurvivesAChangeOfTheRules(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := steered(t)
		_ = once(r, "/shop.Users/Get", users)
		mustOverride(t, r, overriding(policy.Disable, override.Scope{Kind: "fault"}))
		mustOverride(t, r, overriding(policy.Disable, override.Scope{Kind: "ratelimit"}))
		places := overriding(policy.SetPlaces, override.Scope{Kind: "bulkhead", Target: users})
		places.Places = 3
		mustOverride(t, r, places)
		mustOverride(t, r, overriding(policy.ForceOpen, override.Scope{Name: "/shop.Users/List"}))
		own := breakersAlone("/shop.Users/Get")
		own.Policies = append(own.Policies, everyKind("*").Policies[2:]...)
		forced := rules.Rule{Match: "/shop.Users/List", Policies: []rules.Template{breaker.Each(breaker.Config{Mode: breaker.AlwaysClosed})}}
		apply(t, r, everyKind("*"), own, forced)
		var open []*policy.Admission
		for range 3 {
			a, err := admit(r, "/shop.Users/Get", users)
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, a)
		}
		a, err := admit(r, "/shop.Users/Get", users)
		if !errors.Is(err, bulkhead.ErrFull) || !a.Call.Notes.Has(policy.NoteOverridden) {
			t.Errorf("error %v, notes %v; want a bulkhead of three places that is full by hand", err, a.Call.Notes)
		}
		if err := once(r, "/shop.Users/List", users); !errors.Is(err, breaker.ErrOpen) {
			t.Errorf("error %v; want the circuit open by hand, although the rule forces it closed", err)
		}
		for _, a := range open {
			a.Settle(nil)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if err := once(r, "/shop.Users/List", users); err != nil {
			t.Errorf("error %v; want what the rule says", err)
		}
		if err := once(r, "/shop.Users/Get", users); policy.Code(err) != codes.Internal {
			t.Errorf("error %v; want the fault that the rule injects", err)
		}
	})
}

// The latest override that a policy knows is in force, and after it the one before.
func TestSteeringTheLatestCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, err := rules.New([]rules.Rule{breakersAlone("*")}, rules.WithLogger(slog.New(slog.DiscardHandler)))
		if err != nil {
			t.Fatal(err)
		}
		state := func() string {
			_ = once(r, "/shop.Users/Get", users)
			for l := range r.Live() {
				b, _ := l.Policy.(*breaker.Breaker)
				return b.State().String()
			}
			return ""
		}
		long := overriding(policy.ForceOpen, override.Scope{Name: "/shop.Users/Get"})
		long.For = time.Hour
		mustOverride(t, r, long)
		mustOverride(t, r, overriding(policy.Disable, override.Scope{Everything: true}))
		places := overriding(policy.SetPlaces, override.Scope{Target: users})
		places.Places = 7 // not for circuits
		mustOverride(t, r, places)
		if got := state(); got != "disabled" {
			t.Errorf("state %s; want disabled by the kill switch", got)
		}
		time.Sleep(2 * time.Minute)
		if got := state(); got != "forced_open" {
			t.Errorf("state %s; want what was in force before", got)
		}
		again := overriding(policy.ForceClosed, override.Scope{Name: "/shop.Users/Get"})
		mustOverride(t, r, again)
		if all := r.Steering().InForce(); len(all) != 1 || all[0].Action != policy.ForceClosed || all[0].Left() != time.Minute {
			t.Errorf("in force: %+v; want one in place of the other", all)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := state(); got != "closed" {
			t.Errorf("state %s; want closed", got)
		}
	})
}

// Policies of shadow rules must only watch, whatever is forced.
func TestSteeringLeavesShadowRulesAlone(t *testing.T) {
	t.Parallel()
	r, err := rules.New([]rules.Rule{shadow(breakersAlone("*"))}, rules.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := once(r, "/shop.Users/Get", users); err != nil {
			t.Error(err)
		}
		if o := mustOverride(t, r, overriding(policy.ForceOpen, override.Scope{Everything: true})); o.Policies != 0 {
			t.Errorf("%d policies; want none", o.Policies)
		}
		if n, err := r.Steering().Trip(override.Command{Scope: override.Scope{Everything: true}, Reason: "x", Author: "x"}); n != 0 || err != nil {
			t.Errorf("tripped %d, %v", n, err)
		}
	}
}

// A policy that was dropped while a call held it, and is found again, is not what it was
// told to be in between.
func TestSteeringOfAPolicyThatIsFoundAgain(t *testing.T) {
	t.Parallel()
	r, err := rules.New([]rules.Rule{breakersAlone("*")}, rules.WithMaxKeys(1), rules.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	o := mustOverride(t, r, overriding(policy.ForceClosed, override.Scope{Name: "/shop.Users/Get"}))
	held := r.Resolve(&policy.Call{Method: "/shop.Users/Get", Target: users})
	r.Resolve(&policy.Call{Method: "/shop.Users/List", Target: users}) // in its place
	if _, err := r.Steering().End(o.ID, "ada"); err != nil {
		t.Fatal(err)
	}
	again := r.Resolve(&policy.Call{Method: "/shop.Users/Get", Target: users})
	if again.Policies()[0] != held.Policies()[0] {
		t.Fatal("not the same policy")
	}
	b, _ := again.Policies()[0].(*breaker.Breaker)
	if b.Overridden() != (policy.Directive{}) {
		t.Errorf("still %+v", b.Overridden())
	}
}

// Calls past the key limit, compartments and policies by Use are steered too.
func TestSteeringOfSharedPolicies(t *testing.T) {
	t.Parallel()
	given, err := bulkhead.New(bulkhead.Config{MaxConcurrent: 1})
	if err != nil {
		t.Fatal(err)
	}
	r, err := rules.New([]rules.Rule{{Match: "*", Policies: []rules.Template{
		bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}).In("reports"), rules.Use(given), ratelimit.Each(ratelimit.Config{PerSecond: 1}),
	}}}, rules.WithMaxKeys(1), rules.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	busy, err := admit(r, "/shop.Users/Get", users)
	if err != nil {
		t.Fatal(err)
	}
	mustOverride(t, r, overriding(policy.Disable, override.Scope{Name: "reports"}))
	if err := once(r, "/shop.Users/List", users); !errors.Is(err, bulkhead.ErrFull) {
		t.Errorf("error %v; want the other bulkhead full", err)
	}
	o := mustOverride(t, r, overriding(policy.Disable, override.Scope{Everything: true}))
	for i := range 3 {
		if err := once(r, "/shop.Users/List", users); err != nil {
			t.Errorf("call %d past the limit: %v", i, err)
		}
	}
	if _, err := r.Steering().End(o.ID, "ada"); err != nil {
		t.Fatal(err)
	}
	busy.Settle(nil)
	if d := given.Overridden(); d != (policy.Directive{}) {
		t.Errorf("the given one is still %+v", d)
	}
}

func TestSteeringTripsAndResets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, err := rules.New([]rules.Rule{breakersAlone("*")}, rules.WithLogger(slog.New(slog.DiscardHandler)))
		if err != nil {
			t.Fatal(err)
		}
		refusing(r)
		do := override.Command{Scope: override.Scope{Name: "/shop.Users/*", Target: orders}, Reason: "a drill", Author: "ada"}
		if n, err := r.Steering().Trip(do); n != 2 || err != nil {
			t.Errorf("tripped %d, %v; want 2", n, err)
		}
		if n, err := r.Steering().Trip(do); n != 0 || err != nil {
			t.Errorf("tripped %d once more, %v; want none: they are open", n, err)
		}
		if got := fmt.Sprint(refusing(r)); got != "[orders/shop.Users/Get orders/shop.Users/List]" {
			t.Errorf("refused: %v", got)
		}
		do.Scope.Name = "/shop.Users/List"
		if n, err := r.Steering().Reset(do); n != 1 || err != nil {
			t.Errorf("reset %d, %v; want 1", n, err)
		}
		if got := fmt.Sprint(refusing(r)); got != "[orders/shop.Users/Get]" {
			t.Errorf("refused: %v", got)
		}
		time.Sleep(30 * time.Second)
		for range 10 {
			refusing(r)
			time.Sleep(time.Second)
		}
		if got := refusing(r); len(got) > 0 {
			t.Errorf("%v have not recovered", got)
		}
	})
}

// All that is wrong is said at once, and nothing is done.
func TestSteeringChecks(t *testing.T) {
	t.Parallel()
	good := overriding(policy.ForceOpen, override.Scope{Name: "/shop.Users/Get"})
	for name, tt := range map[string]struct {
		spoil func(*override.Override)
		want  []string
	}{
		"everything wrong": {func(o *override.Override) { *o = override.Override{} }, []string{"scope = empty", "reason =", "author =", "action = none", "for = 0s; must be in [1s, 24h]"}},
		"no end":           {func(o *override.Override) { o.For = 0 }, []string{"for = 0s"}},
		"too long":         {func(o *override.Override) { o.For = 25 * time.Hour }, []string{"for = 25h0m0s"}},
		"a past end":       {func(o *override.Override) { o.For = -time.Minute }, []string{"for = -1m0s"}},
		"no such action":   {func(o *override.Override) { o.Action = 77 }, []string{"action = Action(77)"}},
		"places of none":   {func(o *override.Override) { o.Action = policy.SetPlaces }, []string{"places = 0; must be in [1, 1000000]"}},
		"places besides":   {func(o *override.Override) { o.Places = 3 }, []string{"places = 3; must be left out"}},
		"no such side":     {func(o *override.Override) { o.Scope.Side = "left" }, []string{`side = "left"; must be client, server or local`}},
		"everything and":   {func(o *override.Override) { o.Scope.Everything = true }, []string{"everything = true; must be alone"}},
		"lines":            {func(o *override.Override) { o.Reason = "a\nb" }, []string{`reason = "a\nb"; must be one line`}},
		"hidden":           {func(o *override.Override) { o.Author = "a\u202eb" }, []string{"author ="}},
		"long":             {func(o *override.Override) { o.Scope.Name = strings.Repeat("x", 513) }, []string{"name =", "must be of at most 512 bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := steered(t)
			o := good
			tt.spoil(&o)
			_, err := r.Steering().Override(o)
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v; want %q", err, want)
				}
			}
			if len(r.Steering().InForce()) > 0 {
				t.Error("it is in force")
			}
		})
	}
	r := steered(t)
	if _, err := r.Steering().End("7", "ada"); !errors.Is(err, rules.ErrNoOverride) {
		t.Errorf("error %v; want ErrNoOverride", err)
	}
	for i := range override.MaxInForce + 1 {
		o := good
		o.Scope.Name = fmt.Sprintf("/shop.Users/M%d", i)
		if _, err := r.Steering().Override(o); (i == override.MaxInForce) != errors.Is(err, rules.ErrTooMany) {
			t.Fatalf("the %d. override: %v", i, err)
		}
	}
}

// steeringObserver hears of what is done by hand, and of transitions. It uses the rules
// while it does.
type steeringObserver struct {
	policy.NopObserver

	rules *rules.Rules
	mu    sync.Mutex
	heard []string
}

func (o *steeringObserver) Steered(c override.Change) {
	o.rules.Steering().InForce()
	o.note(fmt.Sprintf("%s %s by %q", c.What, c.Override.Action, c.By))
}

func (o *steeringObserver) Transition(tr policy.Transition) {
	for range o.rules.Live() {
	}
	o.note(fmt.Sprintf("%s→%s: %s", tr.From, tr.To, tr.Cause))
}

func (o *steeringObserver) note(s string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.heard = append(o.heard, s)
}

// What is done by hand is logged, told to the observer, and among the events.
func TestSteeringIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		o := &steeringObserver{}
		r, err := rules.New([]rules.Rule{breakersAlone("*")}, rules.WithObserver(o), rules.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		if err != nil {
			t.Fatal(err)
		}
		o.rules = r
		_ = once(r, "/shop.Users/Get", users)
		first := mustOverride(t, r, overriding(policy.ForceOpen, override.Scope{Target: users}))
		synctest.Wait()
		_ = once(r, "/shop.Users/List", users) // made under the lock of the rules
		synctest.Wait()
		mustOverride(t, r, overriding(policy.Disable, override.Scope{Target: users}))
		synctest.Wait()
		second := r.Steering().InForce()[0]
		if _, err := r.Steering().End(second.ID, "grace"); err != nil || second.ID == first.ID {
			t.Fatal(err)
		}
		synctest.Wait()
		mustOverride(t, r, overriding(policy.ForceClosed, override.Scope{Target: users}))
		time.Sleep(time.Minute)
		synctest.Wait()
		want := []string{
			`began force_open by "ada"`, "closed→forced_open: override", "closed→forced_open: override",
			`replaced force_open by "ada"`, `began disable by "ada"`, "forced_open→disabled: override", "forced_open→disabled: override",
			`ended disable by "grace"`, "disabled→closed: override", "disabled→closed: override",
			`began force_closed by "ada"`, `expired force_closed by ""`,
		}
		slices.Sort(want)
		got := slices.Sorted(slices.Values(o.heard))
		if !slices.Equal(got, want) {
			t.Errorf("heard:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		events, missed := r.Events().Since(0)
		if len(events) != len(want) || missed != 0 || r.Events().Last() != uint64(len(want)) {
			t.Errorf("%d events, %d missed; want %d", len(events), missed, len(want))
		}
		for _, text := range []string{"what=began", "what=expired", "what=ended", "by=grace", `reason="the database is moved"`, "author=ada", `scope="at dns:///users"`, "until="} {
			if !strings.Contains(log.String(), text) {
				t.Errorf("the log has no %s:\n%s", text, log.String())
			}
		}
	})
}

// Whoever looks at events too rarely misses some, and is told how many.
func TestEventsAreBounded(t *testing.T) {
	t.Parallel()
	r, err := rules.New([]rules.Rule{breakersAlone("*")}, rules.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	if err != nil {
		t.Fatal(err)
	}
	do := override.Command{Scope: override.Scope{Everything: true}, Reason: "a drill", Author: "ada"}
	for range rules.MaxEvents + 100 {
		if _, err := r.Steering().Reset(do); err != nil {
			t.Fatal(err)
		}
	}
	all, missed := r.Events().Since(40)
	if len(all) != rules.MaxEvents || missed != 60 || all[0].Number != 101 || all[len(all)-1].Number != r.Events().Last() {
		t.Errorf("%d events from %d on, %d missed; want %d from 101 on, 60", len(all), all[0].Number, missed, rules.MaxEvents)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := r.Events().Await(ctx, 3); err != nil {
		t.Error(err)
	}
	cancel()
	if err := r.Events().Await(ctx, r.Events().Last()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v; want that of the context", err)
	}
}
