package policy_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

// patient blocks a call for a while.
type patient struct {
	layer policy.Layer
	waits time.Duration
	notes policy.Notes
	// refusal is what it answers after that, if not nil.
	refusal error
}

func (p patient) Layer() policy.Layer { return p.layer }

func (p patient) Acquire(_ context.Context, call *policy.Call) (policy.Permit, error) {
	wait(call, p.waits)
	call.Notes |= p.notes
	return policy.Permit{}, p.refusal
}

func TestObserverHearsWhereACallWaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := &policytest.Recorder{}
		chain := newChain(t, []policy.Policy{
			patient{layer: policy.LayerBreaker, notes: policy.NoteProbe},
			patient{layer: policy.LayerBulkhead, waits: 3 * time.Second, notes: policy.NoteShadowed},
			patient{layer: policy.LayerRateLimit, waits: 2 * time.Second},
		}, policy.WithObserver(rec))
		if err := chain.Run(t.Context(), method, func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		want := policy.Admitted{
			Waited: 5 * time.Second, WaitedIn: policy.LayerBulkhead,
			Notes: policy.NoteProbe | policy.NoteShadowed, Started: policy.Now(),
		}
		if got := rec.Of(policytest.Admitted)[0].Admitted; got != want {
			t.Errorf("admitted: %+v; want %+v", got, want)
		}
	})
}

// The wait before a refusal counts, also that in the policy which refused.
func TestObserverHearsHowLongARefusalTook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := &policytest.Recorder{}
		chain := newChain(t, []policy.Policy{
			patient{layer: policy.LayerBulkhead, waits: time.Second},
			patient{layer: policy.LayerRateLimit, waits: 2 * time.Second, refusal: errFull},
		}, policy.WithObserver(rec))
		if err := chain.Run(t.Context(), method, nil); !errors.Is(err, errFull) {
			t.Fatalf("Do = %v", err)
		}
		want := policy.Rejected{Err: errFull, Waited: 3 * time.Second, WaitedIn: policy.LayerRateLimit}
		if got := rec.Of(policytest.Rejected)[0].Rejected; got != want {
			t.Errorf("rejected: %+v; want %+v", got, want)
		}
	})
}

// tagging gives admitted calls a context of its own, if it has one.
type tagging struct {
	policy.NopObserver

	tag func(context.Context) context.Context
}

func (o tagging) Admitted(ctx context.Context, _ *policy.Call, _ policy.Admitted) context.Context {
	return o.tag(ctx)
}

type tagKey struct{}

func TestCallsHaveTheContextOfTheObserver(t *testing.T) {
	t.Parallel()
	tag := func(ctx context.Context) context.Context { return context.WithValue(ctx, tagKey{}, "observer") }
	for _, tt := range []struct {
		name string
		tag  func(context.Context) context.Context
		want any
	}{
		{"tagged", tag, "observer"},
		{"nil", func(context.Context) context.Context { return nil }, "policy"},
		{"panics", func(context.Context) context.Context { panic("oops") }, "policy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all, _ := stages(2)
			all[0].context = context.WithValue(t.Context(), tagKey{}, "policy")
			var fault any
			all[1].layer = policy.LayerFault
			all[1].onAcquire = func(ctx context.Context, _ *policy.Call) { fault = ctx.Value(tagKey{}) }
			chain := chainOf(t, all, policy.WithObserver(tagging{tag: tt.tag}))
			_ = chain.Run(t.Context(), method, func(ctx context.Context) error {
				if got := ctx.Value(tagKey{}); got != tt.want || fault != tt.want {
					t.Errorf("the call has %v, the fault %v; want %v", got, fault, tt.want)
				}
				return nil
			})
		})
	}
}

// indifferent notes outcomes and asks for no instants.
type indifferent struct {
	policy.NopObserver

	admitted policy.Admitted
	outcome  policy.Outcome
}

func (o *indifferent) Admitted(ctx context.Context, _ *policy.Call, a policy.Admitted) context.Context {
	o.admitted = a
	return ctx
}

func (o *indifferent) Settled(_ context.Context, _ *policy.Call, outcome *policy.Outcome) {
	o.outcome = *outcome
}

// Reading the clock is most of what a guarded call costs.
func TestObserverThatWantsNoInstantsReadsNoClock(t *testing.T) {
	t.Parallel()
	o := &indifferent{}
	chain := newChain(t, []policy.Policy{handing{}}, policy.WithObserver(o))
	if err := chain.Run(t.Context(), method, func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if o.admitted != (policy.Admitted{}) || o.outcome != (policy.Outcome{}) {
		t.Errorf("heard %+v and %+v; want nothing of the clock", o.admitted, o.outcome)
	}
}
