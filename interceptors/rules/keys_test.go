package rules_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// factory makes policies that say whether they are idle.
type factory struct {
	made, asked atomic.Int64
	// busy says which keys are not idle, by their name.
	busy sync.Map
	// fails and forgets have it return an error, or nothing.
	fails, forgets atomic.Bool
}

// idler is a policy of a factory.
type idler struct {
	made

	f *factory
}

func (i *idler) Idle() bool {
	i.f.asked.Add(1)
	_, busy := i.f.busy.Load(i.key.Name)
	return !busy
}

func (f *factory) template(label string, l policy.Layer) rules.Template {
	return rules.Template{New: func(k rules.Key) (policy.Policy, error) {
		switch {
		case f.fails.Load():
			return nil, errPlain
		case f.forgets.Load():
			return nil, nil
		}
		f.made.Add(1)
		return &idler{made{label: label, layer: l, key: k}, f}, nil
	}}
}

// named returns the names that the policies of c were made for.
func named(c *policy.Chain) string {
	var names string
	for _, p := range c.Policies() {
		switch p := p.(type) {
		case *idler:
			names += p.label + " of " + p.key.Name + ";"
		case *made:
			names += p.label + " of " + p.key.Name + ";"
		}
	}
	return names
}

func count(r *rules.Rules) int {
	n := 0
	for range r.All() {
		n++
	}
	return n
}

func TestIdleKeysAreDroppedFirst(t *testing.T) {
	t.Parallel()
	f := &factory{}
	r := rulesOf(t, one(f.template("x", policy.LayerBreaker)), rules.WithMaxKeys(2))
	busy := r.Resolve(&policy.Call{Method: "/a.B/Busy"})
	f.busy.Store("/a.B/Busy", true)
	idle := r.Resolve(&policy.Call{Method: "/a.B/Idle"})
	if got := named(r.Resolve(&policy.Call{Method: "/a.B/New"})); got != "x of /a.B/New;" {
		t.Errorf("the new key has %q; want its own", got)
	}
	if r.Resolve(&policy.Call{Method: "/a.B/Busy"}) != busy {
		t.Error("a busy key was dropped")
	}
	if r.Resolve(&policy.Call{Method: "/a.B/Idle"}) == idle {
		t.Error("the idle key was kept; want it made anew")
	}
	if n := count(r); n != 2 || r.Overflowed() != 0 {
		t.Errorf("%d keys, %d overflowed; want 2, 0", n, r.Overflowed())
	}
}

func TestOverflow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &factory{}
		// The made do not know whether they are idle, so they are not dropped.
		r := rulesOf(t, one(f.template("bulkhead", policy.LayerBulkhead), templateAt("breaker", policy.LayerBreaker), template("custom")),
			rules.WithMaxKeys(1))
		first := r.Resolve(&policy.Call{Method: "/a.B/First"})
		const want = "bulkhead of (overflow);custom of (overflow);"
		for i := range 3 {
			c := r.Resolve(&policy.Call{Method: fmt.Sprint("/a.B/", i), Target: fmt.Sprint("dns:///", i)})
			if got := named(c); got != want {
				t.Errorf("past the limit: %q; want %q", got, want)
			}
			if c != r.Resolve(new(unregistered(policy.Call{Method: method}))) {
				t.Error("the overflow chain is more than one")
			}
		}
		if r.Resolve(&policy.Call{Method: "/a.B/First"}) != first {
			t.Error("the key that was first has another chain")
		}
		if got := r.Overflowed(); got != 3 {
			t.Errorf("Overflowed() = %d; want 3", got)
		}
	})
}

// A sweep that found nothing is not done again for a while.
func TestRoomIsFoundAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &factory{}
		r := rulesOf(t, one(f.template("x", policy.LayerBreaker)), rules.WithMaxKeys(1))
		r.Resolve(&policy.Call{Method: "/a.B/First"})
		f.busy.Store("/a.B/First", true)
		next := policy.Call{Method: "/a.B/Next"}
		r.Resolve(&next)
		f.busy.Delete("/a.B/First")
		time.Sleep(time.Second - time.Nanosecond)
		if got := named(r.Resolve(&next)); got != "" {
			t.Errorf("within a second: %q; want the overflow chain, without a breaker", got)
		}
		time.Sleep(time.Nanosecond)
		if got := named(r.Resolve(&next)); got != "x of /a.B/Next;" {
			t.Errorf("after a second: %q; want its own", got)
		}
		if got := r.Overflowed(); got != 2 {
			t.Errorf("Overflowed() = %d; want 2", got)
		}
	})
}

// Whoever makes up methods takes neither memory nor time.
func TestHostileMethods(t *testing.T) { //nolint:paralleltest // it measures the memory of the whole process
	const maxKeys = 100
	names := 100_000
	if raceEnabled {
		names /= 10
	}
	for _, tt := range []struct { //nolint:paralleltest // see above
		name string
		busy bool
		// asked is how often policies may be asked whether they are idle.
		asked int64
	}{
		// One sweep alone finds that there is no room, as no time passes.
		{"busy", true, maxKeys},
		// Each key made, of two policies, is dropped once, and the shared one after it.
		{"idle", false, int64(3*names + 2)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &factory{}
				r := rulesOf(t, one(
					f.template("x", policy.LayerBreaker),
					f.template("y", policy.LayerBulkhead).Per(rules.PerService),
				), rules.WithMaxKeys(maxKeys))
				most := 0
				before := heap()
				for i := range names {
					m := fmt.Sprintf("/a%d.B/C", i)
					if tt.busy {
						f.busy.Store(m, true)
					}
					if r.Resolve(&policy.Call{Method: m}) == nil {
						t.Fatal("a call is unguarded")
					}
					if i%1000 == 0 {
						most = max(most, count(r))
					}
					f.busy.Delete(fmt.Sprintf("/a%d.B/C", i-maxKeys))
				}
				f.busy.Clear()
				if grown := heap() - before; grown > 4<<20 {
					t.Errorf("the rules hold %d bytes more; want them bounded", grown)
				}
				if most > maxKeys {
					t.Errorf("%d keys; want at most %d", most, maxKeys)
				}
				if got := f.asked.Load(); got > tt.asked {
					t.Errorf("policies were asked %d times whether they are idle; want at most %d", got, tt.asked)
				}
				runtime.KeepAlive(r)
			})
		})
	}
}

// heap is what is in use after garbage is gone.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A flood of new methods must not reset what methods share: an open breaker of
// a service would admit again.
func TestBusySharedPoliciesAreKept(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		scope rules.Scope
		key   string
		kept  bool
	}{
		{"service, busy", rules.PerService, "/a.B/", true},
		{"target, busy", rules.PerTarget, "*", true},
		{"service, idle", rules.PerService, "/other.Service/", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &factory{}
			f.busy.Store(tt.key, true)
			r := rulesOf(t, one(f.template("x", policy.LayerBreaker).Per(tt.scope)), rules.WithMaxKeys(4))
			call := policy.Call{Method: "/a.B/C"}
			shared := only(t, r, call)
			only(t, r, policy.Call{Method: "/a.B/D"})
			for i := range 20 {
				r.Resolve(&policy.Call{Method: fmt.Sprintf("/flood%d.X/Y", i)})
			}
			if n := count(r); n > 4 {
				t.Errorf("%d keys; want at most 4", n)
			}
			if r.Overflowed() != 0 {
				t.Errorf("%d calls overflowed; want one key at most kept for the shared policy", r.Overflowed())
			}
			kept := false
			for l := range r.Live() {
				kept = kept || l.Policy == shared
			}
			if kept != tt.kept {
				t.Errorf("the shared policy is in force: %v; want %v", kept, tt.kept)
			}
		})
	}
}

func TestTemplateThatFailsLater(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		what func(*factory) *atomic.Bool
	}{
		{"with an error", func(f *factory) *atomic.Bool { return &f.fails }},
		{"with nothing", func(f *factory) *atomic.Bool { return &f.forgets }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, scope := range []rules.Scope{rules.PerMethod, rules.PerService} {
				f := &factory{}
				r := rulesOf(t, one(template("y"), f.template("x", policy.LayerBulkhead).Per(scope)))
				known := r.Resolve(&policy.Call{Method: "/a.B/Known"})
				tt.what(f).Store(true)
				call := policy.Call{Method: "/c.D/New"}
				if got := named(r.Resolve(&call)); got != "x of (overflow);y of (overflow);" {
					t.Errorf("%v: %q; want the overflow chain", scope, got)
				}
				if r.Resolve(&policy.Call{Method: "/a.B/Known"}) != known {
					t.Errorf("%v: a known key lost its chain", scope)
				}
				if got := r.Overflowed(); got != 1 {
					t.Errorf("%v: Overflowed() = %d; want 1", scope, got)
				}
				tt.what(f).Store(false)
				if r.Resolve(&call) == r.Resolve(new(unregistered(call))) {
					t.Errorf("%v: still the overflow chain after the template recovered", scope)
				}
			}
		})
	}
}

func TestUnregisteredMethodsMakeNoKey(t *testing.T) {
	t.Parallel()
	f := &factory{}
	r := rulesOf(t, one(f.template("x", policy.LayerBulkhead)), rules.WithMaxKeys(1))
	for i := range 10 {
		if got := named(r.Resolve(new(unregistered(policy.Call{Method: fmt.Sprint("/a.B/", i), Side: policy.Server})))); got != "x of (overflow);" {
			t.Errorf("%q; want the overflow chain", got)
		}
	}
	// One policy was made to try the template.
	if count(r) != 0 || f.made.Load() != 2 || r.Overflowed() != 0 {
		t.Errorf("%d keys, %d policies, %d overflowed; want 0, 2, 0", count(r), f.made.Load(), r.Overflowed())
	}
}

func TestResolveConcurrentSafe(t *testing.T) {
	t.Parallel()
	const maxKeys = 4
	f := &factory{}
	r := rulesOf(t, one(
		f.template("x", policy.LayerBreaker), f.template("y", policy.LayerBulkhead).Per(rules.PerService),
	), rules.WithMaxKeys(maxKeys))
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 1000 {
				service := fmt.Sprintf("/a.S%d/", (n+i)%3)
				m := fmt.Sprint(service, "M", (n*7+i)%5)
				c := r.Resolve(&policy.Call{Method: m})
				own := fmt.Sprintf("x of %s;y of %s;", m, service)
				if got := named(c); got != own && got != "y of (overflow);" {
					t.Errorf("%s has %q; want its own or the overflow chain", m, got)
				}
				_ = c.Run(context.Background(), m, func(context.Context) error { return nil })
				if n%100 == 0 {
					f.busy.Store(m, true)
				} else {
					f.busy.Delete(m)
				}
				if n%50 == 0 && count(r) > 2*maxKeys {
					t.Errorf("%d keys; want about %d", count(r), maxKeys)
				}
			}
		})
	}
	wg.Wait()
	if n := count(r); n > maxKeys {
		t.Errorf("%d keys; want at most %d", n, maxKeys)
	}
}
