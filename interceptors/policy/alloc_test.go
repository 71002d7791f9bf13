package policy_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// lean is a policy as cheap as can be.
type lean struct{ settled int }

func (p *lean) Acquire(context.Context, policy.Call) (policy.Permit, error) {
	return policy.Permit{Settler: p, Wants: policy.WantsStart | policy.WantsEnd}, nil
}

func (p *lean) Settle(uint64, policy.Outcome) { p.settled++ }

// closed is a policy that refuses everything.
type closed struct{ refuser policy.Refuser }

func (p *closed) Acquire(_ context.Context, call policy.Call) (policy.Permit, error) {
	return policy.Permit{}, p.refuser.Refuse(call.Method, time.Time{})
}

func TestNoAllocation(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	ctx := context.Background()
	refusal := full()
	refusing := &closed{refuser: policy.Refuser{Policy: "closed", Reason: policy.ReasonCircuitOpen, Err: errFull}}
	admitted := newChain(t, []policy.Policy{&lean{}, &lean{}, &lean{}})
	refused := newChain(t, []policy.Policy{&lean{}, &lean{}, refusing})
	observed := newChain(t, []policy.Policy{&lean{}}, policy.WithObserver(policy.NopObserver{}))
	adapter := func(c *policy.Chain) func() {
		return func() {
			var a policy.Admission
			defer a.Abandon()
			if _, err := c.Admit(ctx, policy.Call{Method: method}, &a); err == nil {
				a.Settle(policy.Outcome{Err: errDown})
			}
		}
	}
	rules := rulesOf(t, []policy.Rule{{Match: "*", Policies: []policy.Template{template("any")}}})
	known := policy.Call{Method: method, Target: "dns:///shop"}
	rules.Resolve(known)
	elsewhere := policy.Call{Method: strings.Clone(method), Target: strings.Clone(known.Target)}
	options := []grpc.CallOption{
		grpc.WaitForReady(true), policy.Skip(), policy.Override(admitted), policy.Reclassify(policy.Classify),
	}
	call := func(context.Context) error { return errDown }
	for _, tt := range []struct {
		name string
		f    func()
	}{
		{"admitted", adapter(admitted)},
		{"refused", adapter(refused)},
		{"observed", adapter(observed)},
		{"nil chain", adapter(nil)},
		{"Do", func() { _ = admitted.Do(ctx, method, call) }},
		{"Do, refused", func() { _ = refused.Do(ctx, method, call) }},
		{"Refuse", func() { _ = refusing.refuser.Refuse(method, time.Time{}) }},
		{"Resolve", func() { rules.Resolve(known) }},
		{"Resolve, strings elsewhere", func() { rules.Resolve(elsewhere) }},
		{"Resolve, unguarded", func() { rules.Resolve(policy.Call{Method: "/grpc.health.v1.Health/Check"}) }},
		{"unregistered", func() { rules.Resolve(unregistered(known)) }},
		{"OverridesOf", func() { policy.OverridesOf(options) }},
		{"Classify a status", func() { policy.Classify(errDown) }},
		{"Classify a rejection", func() { policy.Classify(refusal) }},
	} {
		if got := testing.AllocsPerRun(1000, tt.f); got != 0 && !raceEnabled {
			t.Errorf("%s: %v allocations; want 0", tt.name, got)
		}
	}
}

// A server's stream has a method string of its own each time, more of them
// than the rules remember the places of.
func TestResolveOfManyCopiesDoesNotAllocate(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	rules := rulesOf(t, []policy.Rule{{Match: "*", Policies: []policy.Template{template("any")}}})
	want := rules.Resolve(policy.Call{Method: method})
	copies := make([]policy.Call, 3000)
	for i := range copies {
		copies[i].Method = strings.Clone(method)
	}
	// The first of them fill all places there are.
	next := 0
	resolve := func() {
		if rules.Resolve(copies[next]) != want {
			t.Error("a copy of the method has another chain")
		}
		next++
	}
	for range 1000 {
		resolve()
	}
	if got := testing.AllocsPerRun(1000, resolve); got != 0 && !raceEnabled {
		t.Errorf("%v allocations; want 0", got)
	}
}
