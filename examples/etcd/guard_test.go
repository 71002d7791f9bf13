package etcd_test

import (
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// guard is what the client's calls run under, and what is seen of it.
type guard struct {
	rules *rules.Rules
	watch *watcher
}

// watcher hands transitions to the test.
type watcher struct {
	policy.NopObserver

	transitions chan policy.Transition
}

func (w *watcher) Transition(t policy.Transition) { w.transitions <- t }

func newGuard(t *testing.T) *guard {
	t.Helper()
	w := &watcher{transitions: make(chan policy.Transition, 10_000)}
	rules, err := rules.New([]rules.Rule{{
		Match: "*",
		Policies: []rules.Template{
			timeout.Each(timeout.Config{Default: 5 * time.Second}),
			breaker.Each(breaker.Config{
				ConsecutiveFailures: 3, OpenFor: 100 * time.Millisecond, MaxOpenFor: 500 * time.Millisecond,
			}),
			bulkhead.Each(bulkhead.Config{MaxConcurrent: 16}),
		},
	}}, rules.WithObserver(w))
	if err != nil {
		t.Fatal(err)
	}
	return &guard{rules, w}
}

// breaker returns the breaker of a method, nil if it was not called yet.
func (g *guard) breaker(method string) *breaker.Breaker {
	for key, chain := range g.rules.All() {
		for _, p := range chain.Policies() {
			if b, ok := p.(*breaker.Breaker); ok && key.Name == method {
				return b
			}
		}
	}
	return nil
}

// await waits until the breaker of a method enters a state.
func (g *guard) await(t *testing.T, method, state string) {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for {
		select {
		case tr := <-g.watch.transitions:
			if tr.Name == method && tr.To == state {
				return
			}
		case <-limit.C:
			t.Fatalf("the breaker of %s did not become %s within 30s", method, state)
		}
	}
}

// inFlight returns the number of places taken, in all bulkheads together.
func (g *guard) inFlight() int {
	n := 0
	for _, chain := range g.rules.All() {
		for _, p := range chain.Policies() {
			if b, ok := p.(*bulkhead.Bulkhead); ok {
				n += b.Snapshot().InFlight
			}
		}
	}
	return n
}
