package rules_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// flood makes up methods until every idle key has been dropped.
func flood(tb testing.TB, r *rules.Rules) {
	tb.Helper()
	for i := range 20 {
		r.Resolve(&policy.Call{Method: fmt.Sprintf("/flood%d.X/Y", i), Target: "dns:///flood"})
	}
	for key := range r.All() {
		if key.Name == method {
			tb.Fatal("the key is still there")
		}
	}
}

// tunedIn returns the one policy of a chain.
func tunedIn(tb testing.TB, c *policy.Chain) *tuned {
	tb.Helper()
	all := c.Policies()
	p, ok := all[0].(*tuned)
	if len(all) != 1 || !ok {
		tb.Fatalf("the policies are %v; want one that is tuned", all)
	}
	return p
}

// A call has its chain, and its key is dropped before it is admitted. The next call of the
// method must have the same policy: two bulkheads would let two calls in for one.
func TestDroppedPoliciesAreFoundAgainWhileACallHasThem(t *testing.T) {
	t.Parallel()
	for _, scope := range []rules.Scope{rules.PerMethod, rules.PerService, rules.PerTarget} {
		for _, change := range []string{"", "before the flood", "after the flood"} {
			t.Run(fmt.Sprint(scope, " ", change), func(t *testing.T) {
				t.Parallel()
				call := policy.Call{Method: method, Target: "dns:///shop"}
				r := rulesOf(t, one(tune("x", "1").Per(scope)), rules.WithMaxKeys(2))
				waiting := r.Resolve(&call)
				if change == "before the flood" {
					apply(t, r, rule("*", tune("x", "2").Per(scope)))
				}
				flood(t, r)
				runtime.GC()
				if change == "after the flood" {
					apply(t, r, rule("*", tune("x", "2").Per(scope)))
				}
				runtime.GC()
				next := r.Resolve(&call)
				if tunedIn(t, next) != tunedIn(t, waiting) {
					t.Error("the next call has another policy than the one that waits")
				}
				if got := configOf(t, tunedIn(t, next)); change != "" && got != "2" {
					t.Errorf("configuration %q; want that after the change", got)
				}
				// Once more, from what was found again.
				flood(t, r)
				if tunedIn(t, r.Resolve(&call)) != tunedIn(t, waiting) {
					t.Error("another policy after another flood")
				}
			})
		}
	}
}

// A policy that nobody holds is garbage, and one whose rule has gone is not brought back.
func TestDroppedPoliciesAreForgotten(t *testing.T) {
	t.Parallel()
	call := policy.Call{Method: method}
	r := rulesOf(t, one(tune("x", "1")), rules.WithMaxKeys(2))
	gone := make(chan struct{})
	runtime.AddCleanup(tunedIn(t, r.Resolve(&call)), func(gone chan struct{}) { close(gone) }, gone)
	flood(t, r)
	for range 5 {
		runtime.GC()
	}
	<-gone
	waiting := r.Resolve(&call)
	flood(t, r)
	apply(t, r, rule("*", tune("y", "1")))
	if tunedIn(t, r.Resolve(&call)) == tunedIn(t, waiting) {
		t.Error("the policy of one kind is taken for one of another")
	}
}

// Rules that were replaced are garbage, also if a policy that was dropped under them lives
// on: a file that changes every minute must not add up.
func TestReplacedRulesAreForgotten(t *testing.T) {
	t.Parallel()
	const changes = 20
	call := policy.Call{Method: method}
	r := rulesOf(t, one(tune("x", "0")), rules.WithMaxKeys(2))
	waiting := r.Resolve(&call)
	gone := make(chan struct{}, changes)
	for i := range changes {
		flood(t, r)
		if tunedIn(t, r.Resolve(&call)) != tunedIn(t, waiting) {
			t.Fatal("the call has another policy")
		}
		large := new([1 << 10]byte)
		runtime.AddCleanup(large, func(gone chan struct{}) { gone <- struct{}{} }, gone)
		changed := tune("x", strconv.Itoa(i+1))
		update := changed.Update
		changed.Update = func(k rules.Key, p policy.Policy) error {
			runtime.KeepAlive(large) // it is garbage when the rule is
			return update(k, p)
		}
		apply(t, r, rule("*", changed))
	}
	for range 5 {
		runtime.GC()
	}
	for range changes - 1 { // all but those in force
		<-gone
	}
	runtime.KeepAlive(waiting)
}

// What is no pointer is dropped and made anew.
func TestDroppedValues(t *testing.T) {
	t.Parallel()
	r := rulesOf(t, one(rules.Template{New: func(rules.Key) (policy.Policy, error) { return value{}, nil }}), rules.WithMaxKeys(2))
	r.Resolve(&policy.Call{Method: method})
	flood(t, r)
	if r.Resolve(&policy.Call{Method: method}) == nil || r.Overflowed() != 0 {
		t.Error("a policy that is a value cannot be made again")
	}
}

// value is a policy without a state.
type value struct{ idle }

// idle is always idle.
type idle struct{}

func (idle) Idle() bool { return true }

func (idle) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}

// Whatever is dropped, and whenever, one call at a time is admitted.
func TestCapHoldsUnderAFloodOfNames(t *testing.T) {
	t.Parallel()
	for _, scope := range []rules.Scope{rules.PerMethod, rules.PerService} {
		t.Run(scope.String(), func(t *testing.T) {
			t.Parallel()
			rule := []rules.Rule{{Match: "*", Policies: []rules.Template{bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}).Per(scope)}}}
			r := rulesOf(t, rule, rules.WithMaxKeys(2))
			var in, admitted atomic.Int64
			var load sync.WaitGroup
			stop := make(chan struct{})
			for i := range 2 {
				load.Go(func() {
					for n := 0; ; n++ {
						select {
						case <-stop:
							return
						default:
							r.Resolve(&policy.Call{Method: fmt.Sprintf("/flood%d.S%d/M", i, n)})
						}
					}
				})
			}
			load.Go(func() {
				for range 20 {
					if err := r.Apply(rule); err != nil {
						t.Error(err)
					}
				}
			})
			var calls sync.WaitGroup
			for range 4 {
				calls.Go(func() {
					for range 20_000 {
						chain := r.Resolve(&policy.Call{Method: method})
						_ = chain.Run(context.Background(), method, func(context.Context) error {
							if admitted.Add(1); in.Add(1) > 1 {
								t.Error("two calls are in at once")
							}
							runtime.Gosched()
							in.Add(-1)
							return nil
						})
					}
				})
			}
			calls.Wait()
			close(stop)
			load.Wait()
			if admitted.Load() == 0 || r.Overflowed() != 0 {
				t.Errorf("%d calls were admitted, %d overflowed; want some, 0", admitted.Load(), r.Overflowed())
			}
		})
	}
}
