package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
)

func policyObserver(o policy.Observer) rules.Option { return rules.WithObserver(o) }

// states are the series of a circuit that is in the given state.
func states(series, current string) []string {
	var all []string
	for _, s := range []string{"closed", "open", "half_open", "forced_open", "disabled", "slow"} {
		n := ": 0"
		if s == current {
			n = ": 1"
		}
		all = append(all, "afloat.circuit_breaker.state="+s+" "+series+n)
	}
	return all
}

// What there is at the moment is looked at when metrics are collected.
func TestStatesArePlacesAreQueuesAreSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		rig := rpctest.Rig{Unary: func(context.Context) error { time.Sleep(time.Second); return errDown }}
		cc := b.serve(t, rig, b.guard(t),
			b.guard(t, breaker.Each(refusing), bulkhead.Each(bulkhead.Config{MaxConcurrent: 2, MaxQueue: 5, MaxWait: time.Minute}).Per(rules.PerTarget)))
		b.wantPoints(t, "afloat.client.circuit_breaker.state")
		for range 3 {
			go func() { _ = rpctest.Invoke(t.Context(), cc) }()
		}
		synctest.Wait()
		circuit, places := "afloat.policy.name=/rig.v1.Rig/Unary"+at, "afloat.policy.name=*"+at
		b.wantPoints(t, "afloat.client.circuit_breaker.state", states(circuit, "closed")...)
		b.wantPoints(t, "afloat.client.bulkhead.active", places+": 2")
		b.wantPoints(t, "afloat.client.bulkhead.queued", places+": 1")
		b.wantPoints(t, "afloat.client.bulkhead.limit", places+": 2")
		b.wantPoints(t, "afloat.rules.keys", ": 1")
		b.wantPoints(t, "afloat.rules.overflow", ": 0")
		time.Sleep(3 * time.Second)
		b.wantPoints(t, "afloat.client.circuit_breaker.state", states(circuit, "open")...)
		b.wantPoints(t, "afloat.client.bulkhead.active", places+": 0")
		b.wantPoints(t, "afloat.client.bulkhead.queued", places+": 0")
	})
}

// Policies that no rules have are looked at if somebody says so, once.
func TestPoliciesWithoutRules(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		br, err := breaker.New(breaker.Config{Mode: breaker.AlwaysOpen}, breaker.WithName("recommendations"))
		if err != nil {
			t.Fatal(err)
		}
		limit, err := ratelimit.New(ratelimit.Config{PerSecond: 1, MaxWait: time.Minute}, ratelimit.WithName("database"))
		if err != nil {
			t.Fatal(err)
		}
		b.WatchPolicies(br, limit, refuser{})
		b.WatchPolicies(br)
		for range 3 {
			go func() { _ = policy.Run(t.Context(), limit, "read", func(context.Context) error { return nil }) }()
		}
		synctest.Wait()
		b.wantPoints(t, "afloat.local.circuit_breaker.state", states("afloat.policy.name=recommendations", "forced_open")...)
		b.wantPoints(t, "afloat.local.rate_limit.queued", "afloat.policy.name=database: 2")
		time.Sleep(3 * time.Second)
	})
}

// A rule and a shadow rule beside it have a circuit each, of one name.
func TestWatchingPoliciesAreToldApart(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	watching := refusing
	watching.Mode = breaker.Shadow
	list, err := rules.New([]rules.Rule{
		{Match: "*", Policies: []rules.Template{breaker.Each(breaker.Config{})}},
		{Match: "*", Policies: []rules.Template{breaker.Each(watching)}, Shadow: true},
	}, rules.WithObserver(b))
	if err != nil {
		t.Fatal(err)
	}
	chain := list.Resolve(&policy.Call{Method: rpctest.Unary, Target: "rig:443"})
	if err := chain.Run(t.Context(), "f", func(context.Context) error { return errDown }); !errors.Is(err, errDown) {
		t.Fatal(err)
	}
	const name = "afloat.policy.name=/rig.v1.Rig/Unary"
	b.wantPoints(t, "afloat.client.circuit_breaker.state",
		append(states(name+" afloat.policy.shadow=true"+at, "open"), states(name+at, "closed")...)...)
	b.wantPoints(t, "afloat.client.circuit_breaker.transitions", "afloat.policy.kind=breaker "+name+" afloat.policy.shadow=true "+
		"afloat.transition.cause=consecutive_failures afloat.transition.from=closed afloat.transition.to=open"+at+": 1")
	b.wantLog(t, `level=WARN msg="circuit changed its state" policy=breaker name=/rig.v1.Rig/Unary side=client from=closed to=open `+
		`cause=consecutive_failures calls=1 failures=1 slow=0 overdue=0 shadow=true target=rig:443 for=5s`)
	runtime.KeepAlive(list)
}

// Two connections to one target have rules of their own, and one series.
func TestPoliciesOfOneNameAreSummedUp(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	for range 2 {
		list := b.guard(t, breaker.Each(breaker.Config{}))
		list.Resolve(&policy.Call{Method: rpctest.Unary, Target: "rig:443"})
		t.Cleanup(func() { runtime.KeepAlive(list) })
	}
	all := points(t, b.collected(t)["afloat.client.circuit_breaker.state"])
	if want := "afloat.circuit_breaker.state=closed afloat.policy.name=/rig.v1.Rig/Unary" + at + ": 2"; len(all) != 6 || !slices.Contains(all, want) {
		t.Errorf("series %q; want %q and five more", all, want)
	}
}

// One policy that several rules use is one.
func TestAPolicyOfSeveralRulesIsSeenOnce(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	shared, err := bulkhead.New(bulkhead.Config{MaxConcurrent: 7, Shadow: true}, bulkhead.WithName("shared"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		list := b.guard(t, rules.Use(shared))
		list.Resolve(&policy.Call{Method: "/a.B/C"})
		list.Resolve(&policy.Call{Method: "/a.B/D"})
		t.Cleanup(func() { runtime.KeepAlive(list) })
	}
	b.wantPoints(t, "afloat.client.bulkhead.limit", "afloat.policy.name=shared afloat.policy.shadow=true: 7")
}

// uncomparable is a policy that no map can have as a key.
type uncomparable struct{ names []string }

func (u uncomparable) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, errors.New(strings.Join(u.names, " "))
}

// What there is nothing to see of is not looked at, be it nil.
func TestNothingToSee(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.WatchPolicies(nil, (*breaker.Breaker)(nil), (*bulkhead.Bulkhead)(nil), (*ratelimit.Limiter)(nil), uncomparable{}, uncomparable{})
	list := b.guard(t, rules.Use(uncomparable{}))
	list.Resolve(&policy.Call{Method: "/a.B/C"})
	for name := range b.collected(t) {
		if !strings.HasPrefix(name, "afloat.rules.") && name != "afloat.misuses" { // that is of the process
			t.Errorf("seen: %s", name)
		}
	}
	runtime.KeepAlive(list)
}

// Rules that nobody uses any more are not kept, and what they counted is not taken
// back. The garbage collector knows no virtual time.
func TestRulesAreNotKept(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	overflow := func() {
		list, err := interceptors.Default(rules.WithObserver(b), rules.WithMaxKeys(1))
		if err != nil {
			t.Fatal(err)
		}
		for _, method := range []string{"/a.B/C", "/a.B/D", "/a.B/E"} {
			call := policy.Call{Method: method}
			var a policy.Admission
			a.Call = call
			if _, err := list.Resolve(&call).Admit(t.Context(), &a); err != nil {
				t.Fatal(err)
			}
			defer a.Abandon() // until then the one key is not idle
		}
		b.wantPoints(t, "afloat.rules.overflow", ": 2")
		b.wantPoints(t, "afloat.rules.keys", ": 1")
		runtime.KeepAlive(list)
	}
	overflow()
	runtime.GC()
	runtime.GC()
	b.wantPoints(t, "afloat.rules.overflow", ": 2")
	b.wantPoints(t, "afloat.rules.keys")
	if all := points(t, b.collected(t)["afloat.server.circuit_breaker.state"]); len(all) != 0 {
		t.Errorf("still seen: %s", strings.Join(all, ", "))
	}
}

// Metrics are collected while rules change, come and go, and calls find their
// policies; a counter never goes back.
func TestCollectingWhileRulesChange(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	lasting, err := interceptors.Default(rules.WithObserver(b), rules.WithMaxKeys(4))
	if err != nil {
		t.Fatal(err)
	}
	var others sync.WaitGroup
	others.Go(func() {
		for i := range 400 {
			method := fmt.Sprintf("/a.B/%d", i%16)
			_ = lasting.Resolve(&policy.Call{Method: method}).Run(t.Context(), method, func(context.Context) error { return errDown })
		}
	})
	others.Go(func() {
		for i := range 40 {
			one := rules.Rule{Match: "/a.B/1", Policies: []rules.Template{bulkhead.Each(bulkhead.Config{MaxConcurrent: i + 1})}}
			if err := lasting.Apply(interceptors.WithBuiltIn([]rules.Rule{one})); err != nil {
				t.Error(err)
			}
		}
	})
	others.Go(func() {
		for range 40 {
			passing, err := interceptors.Default(rules.WithObserver(b), rules.WithMaxKeys(1))
			if err != nil {
				t.Error(err)
				return
			}
			_ = passing.Resolve(&policy.Call{Method: "/a.B/C"}).Run(t.Context(), "", func(context.Context) error {
				passing.Resolve(&policy.Call{Method: "/a.B/D"}) // the one key is not idle
				return nil
			})
			runtime.GC()
		}
	})
	done := make(chan struct{})
	go func() { others.Wait(); close(done) }()
	for last := int64(0); ; {
		sum, ok := b.collected(t)["afloat.rules.overflow"].Data.(metricdata.Sum[int64])
		if !ok || sum.DataPoints[0].Value < last {
			t.Errorf("overflow went from %d to %v", last, sum)
		}
		last = sum.DataPoints[0].Value
		select {
		case <-done:
			return
		default:
		}
	}
}

// Changes of rules are counted by what became of them.
func TestChangesOfRules(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.RulesApplied("rules.yaml", 3)
	b.RulesRefused("rules.yaml", errDown)
	b.RulesRefused("rules.yaml", errDown)
	b.wantPoints(t, "afloat.rules.changes", "afloat.rules.outcome=applied afloat.rules.source=rules.yaml: 1",
		"afloat.rules.outcome=refused afloat.rules.source=rules.yaml: 2")
}
