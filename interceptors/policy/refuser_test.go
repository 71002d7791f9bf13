package policy_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// refusing is a policy that refuses every call until an instant.
type refusing struct {
	by    *policy.Refuser
	name  string
	until *time.Time
}

func (r refusing) Acquire(_ context.Context, call *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, r.by.Refuse(call, r.name, *r.until)
}

// refusalOf returns the rejection of a call under a chain.
func refusalOf(tb testing.TB, c *policy.Chain, method string) *policy.Rejection {
	tb.Helper()
	r, ok := errors.AsType[*policy.Rejection](c.Run(tb.Context(), method, nil))
	if !ok {
		tb.Fatal("the call was not rejected")
	}
	return r
}

func TestRefuser(t *testing.T) {
	t.Parallel()
	f := &policy.Refuser{Kind: "breaker", Reason: policy.ReasonCircuitOpen, Err: errFull}
	at := time.Now()
	want := policy.Rejection{
		Kind: "breaker", Name: "shop", Method: method,
		Reason: policy.ReasonCircuitOpen, Retry: at, Err: errFull,
	}
	if r := f.Refuse(&policy.Call{Method: method}, "shop", at); *r != want {
		t.Errorf("Refuse = %+v; want %+v", *r, want)
	}
	for _, tt := range []struct {
		name   string
		method string
		at     time.Time
		same   bool
	}{
		{"unchanged", method, at, true},
		{"the same instant told otherwise", method, at.UTC().Round(0), true},
		{"another time", method, at.Add(1), false},
		{"time not known", method, time.Time{}, false},
		{"another method", "/shop.Catalog/List", at, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			until := at
			chain := newChain(t, []policy.Policy{refusing{f, "shop", &until}})
			before := refusalOf(t, chain, method)
			until = tt.at
			got := refusalOf(t, chain, tt.method)
			if (got == before) != tt.same {
				t.Errorf("the same pointer: %v; want %v", got == before, tt.same)
			}
			if got.Method != tt.method || !got.Retry.Equal(tt.at) {
				t.Errorf("Refuse = %+v; want %s at %v", got, tt.method, tt.at)
			}
		})
	}
}

// Methods that share a policy, under chains of their own, are refused in turn without
// a rejection made anew.
func TestMethodsThatShareAPolicyKeepTheirRejections(t *testing.T) {
	t.Parallel()
	until := time.Now()
	shared := refusing{&policy.Refuser{Kind: "breaker", Reason: policy.ReasonCircuitOpen, Err: errFull}, "shop", &until}
	chains := map[string]*policy.Chain{}
	first := map[string]*policy.Rejection{}
	for _, m := range []string{"/shop.Catalog/Get", "/shop.Catalog/List"} {
		chains[m] = newChain(t, []policy.Policy{shared})
		first[m] = refusalOf(t, chains[m], m)
	}
	for range 3 {
		for m, c := range chains {
			if r := refusalOf(t, c, m); r != first[m] || r.Method != m {
				t.Errorf("%s: a rejection of %s made anew: %v", m, r.Method, r != first[m])
			}
		}
	}
}

// A call must never get another's rejection, nor a shared one that changes.
func TestRefuserConcurrentSafe(t *testing.T) {
	t.Parallel()
	f := &policy.Refuser{Reason: policy.ReasonRateLimited}
	chain := newChain(t, []policy.Policy{refusingBy(f)})
	var wg sync.WaitGroup
	for i := range 4 {
		own := fmt.Sprint("/shop.Catalog/", i)
		wg.Go(func() {
			for n := range 500 {
				at := time.Unix(int64(n/10), 0)
				ctx := context.WithValue(t.Context(), untilKey{}, at)
				r, ok := errors.AsType[*policy.Rejection](chain.Run(ctx, own, nil))
				if !ok || r.Method != own || !r.Retry.Equal(at) {
					t.Errorf("Refuse(%s, %v) = %+v", own, at, r)
				}
			}
		})
	}
	wg.Wait()
}

type untilKey struct{}

// refusingBy refuses every call until the instant in its context.
func refusingBy(f *policy.Refuser) policy.Policy { return contextual{f} }

type contextual struct{ by *policy.Refuser }

func (c contextual) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	at, _ := ctx.Value(untilKey{}).(time.Time)
	return policy.Permit{}, c.by.Refuse(call, "", at)
}
