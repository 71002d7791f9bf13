package policy_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// lean is a policy as cheap as can be.
type lean struct{ settled int }

func (p *lean) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{Settler: p, Wants: policy.WantsStart | policy.WantsEnd}, nil
}

func (p *lean) Settle(uint64, *policy.Outcome) { p.settled++ }

// closed is a policy that refuses everything.
type closed struct{ refuser policy.Refuser }

func (p *closed) Acquire(_ context.Context, call *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, p.refuser.Refuse(call, "", time.Time{})
}

func TestNoAllocation(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	ctx := context.Background()
	alone := &lean{}
	refusal, wrapped := full(), fmt.Errorf("get: %w", errDown)
	refusing := &closed{refuser: policy.Refuser{Kind: "closed", Reason: policy.ReasonCircuitOpen, Err: errFull}}
	admitted := newChain(t, []policy.Policy{&lean{}, &lean{}, &lean{}})
	refused := newChain(t, []policy.Policy{&lean{}, &lean{}, refusing})
	observed := newChain(t, []policy.Policy{&lean{}}, policy.WithObserver(policy.NopObserver{}))
	adapter := func(c *policy.Chain) func() {
		return func() {
			a := policy.Begin()
			defer a.End()
			a.Call = policy.Call{Method: method}
			if _, err := c.Admit(ctx, a); err == nil {
				a.Settle(errDown)
			}
		}
	}
	options := []grpc.CallOption{
		grpc.WaitForReady(true), policy.Skip(), policy.Override(admitted), policy.Reclassify(policy.Classify),
	}
	call := func(context.Context) error { return errDown }
	valued := func(context.Context) (int, error) { return 7, errDown }
	plainly := func(context.Context) error { return errPlain }
	for _, tt := range []struct {
		name string
		f    func()
	}{
		{"admitted", adapter(admitted)},
		{"refused", adapter(refused)},
		{"observed", adapter(observed)},
		{"nil chain", adapter(nil)},
		{"Run", func() { _ = admitted.Run(ctx, method, call) }},
		{"Run, a plain error", func() { _ = admitted.Run(ctx, method, plainly) }},
		{"Run, a plain error, observed", func() { _ = observed.Run(ctx, method, plainly) }},
		{"Run, refused", func() { _ = refused.Run(ctx, method, call) }},
		{"Do with a value", func() { _, _ = policy.Do(ctx, alone, method, valued) }},
		{"DoChain", func() { _, _ = policy.DoChain(ctx, admitted, method, valued) }},
		{"DoChain, refused", func() { _, _ = policy.DoChain(ctx, refused, method, valued) }},
		{"Run of a policy", func() { _ = policy.Run(ctx, alone, method, call) }},
		{"Run of a policy, a plain error", func() { _ = policy.Run(ctx, alone, method, plainly) }},
		{"OverridesOf", func() { policy.OverridesOf(options) }},
		{"Classify a status", func() { policy.Classify(errDown) }},
		{"Classify a rejection", func() { policy.Classify(refusal) }},
		{"Classify a plain error", func() { policy.Classify(errPlain) }},
		{"Classify a wrapped status", func() { policy.Classify(wrapped) }},
	} {
		if got := testing.AllocsPerRun(1000, tt.f); got != 0 && !raceEnabled {
			t.Errorf("%s: %v allocations; want 0", tt.name, got)
		}
	}
}
