package policy_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

func TestRefuser(t *testing.T) {
	t.Parallel()
	f := &policy.Refuser{Kind: "breaker", Name: "shop", Reason: policy.ReasonCircuitOpen, Err: errFull}
	at := time.Now()
	first := f.Refuse(method, at)
	want := policy.Rejection{
		Kind: "breaker", Name: "shop", Method: method,
		Reason: policy.ReasonCircuitOpen, Retry: at, Err: errFull,
	}
	if *first != want {
		t.Errorf("Refuse = %+v; want %+v", *first, want)
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
			own := &policy.Refuser{}
			before := own.Refuse(method, at)
			got := own.Refuse(tt.method, tt.at)
			if (got == before) != tt.same {
				t.Errorf("the same pointer: %v; want %v", got == before, tt.same)
			}
			if got.Method != tt.method || !got.Retry.Equal(tt.at) {
				t.Errorf("Refuse = %+v; want %s at %v", got, tt.method, tt.at)
			}
		})
	}
}

// A call must never get another's rejection, nor a shared one that changes.
func TestRefuserConcurrentSafe(t *testing.T) {
	t.Parallel()
	f := &policy.Refuser{Reason: policy.ReasonRateLimited}
	var wg sync.WaitGroup
	for i := range 4 {
		own := fmt.Sprint("/shop.Catalog/", i)
		wg.Go(func() {
			for n := range 500 {
				at := time.Unix(int64(n/10), 0)
				if r := f.Refuse(own, at); r.Method != own || !r.Retry.Equal(at) {
					t.Errorf("Refuse(%s, %v) = %+v", own, at, *r)
				}
			}
		})
	}
	wg.Wait()
}
