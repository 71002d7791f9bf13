package policytest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

func TestRecorder(t *testing.T) {
	t.Parallel()
	var r policytest.Recorder
	spy := &policytest.Spy{}
	chain, err := policy.NewChain([]policy.Policy{spy}, policy.WithObserver(&r))
	if err != nil {
		t.Fatal(err)
	}
	succeed := func(context.Context) error { return nil }
	if err = chain.Run(t.Context(), "call", succeed); err != nil {
		t.Fatal(err)
	}
	r.Transition(policy.Transition{From: "closed", To: "open"})
	r.Late(policy.Late{Kind: "breaker"})
	r.Leaked(&policy.Call{Method: "leaky"})

	want := []policytest.EventKind{
		policytest.Admitted, policytest.Settled, policytest.Transition, policytest.Late, policytest.Leaked,
	}
	if got := r.Kinds(); !slices.Equal(got, want) {
		t.Errorf("Kinds() = %v; want %v", got, want)
	}
	if got := r.Of(policytest.Settled); len(got) != 1 || got[0].Call.Method != "call" {
		t.Errorf("Of(Settled) = %v; want that of the call", got)
	}
	if got := r.Of(policytest.Transition); len(got) != 1 || got[0].Transition.To != "open" {
		t.Errorf("Of(Transition) = %v; want the one to open", got)
	}
	if got := r.Of(policytest.Rejected); len(got) != 0 {
		t.Errorf("Of(Rejected) = %v; want none", got)
	}
	if r.Reset(); len(r.Events()) != 0 {
		t.Errorf("Events() after Reset = %v; want none", r.Events())
	}
}

func TestRecorderConcurrentSafe(t *testing.T) {
	t.Parallel()
	const goroutines, events = 8, 20
	var r policytest.Recorder
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range events {
				r.Rejected(context.Background(), &policy.Call{}, policy.Rejected{})
				_ = r.Kinds()
			}
		})
	}
	wg.Wait()
	if got := len(r.Events()); got != goroutines*events {
		t.Errorf("%d events; want %d", got, goroutines*events)
	}
}

func TestSpy(t *testing.T) {
	t.Parallel()
	errNo := errors.New("no")
	outer := &policytest.Spy{Stands: policy.LayerBreaker}
	inner := &policytest.Spy{Stands: policy.LayerRateLimit, Refusal: errNo}
	chain, err := policy.NewChain([]policy.Policy{inner, outer})
	if err != nil {
		t.Fatal(err)
	}
	err = chain.Run(t.Context(), "call", func(context.Context) error { return nil })
	if !errors.Is(err, errNo) {
		t.Errorf("Do = %v; want %v", err, errNo)
	}
	if got := inner.Asked(); len(got) != 1 || got[0].Method != "call" {
		t.Errorf("inner.Asked() = %v; want the call", got)
	}
	if got := inner.Settled(); len(got) != 0 {
		t.Errorf("inner.Settled() = %v; want nothing", got)
	}
	if got := outer.Settled(); len(got) != 1 || got[0].Verdict != policy.NotStarted {
		t.Errorf("outer.Settled() = %v; want not started", got)
	}
}
