package rules_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// manyRules are rules for n packages, and one for the rest.
func manyRules(n int, limit time.Duration) []rules.Rule {
	templates := []rules.Template{
		timeout.Each(timeout.Config{Default: limit}), breaker.Each(breaker.Config{}),
		bulkhead.Each(bulkhead.Config{MaxConcurrent: 100}),
	}
	all := []rules.Rule{rule("*", templates...)}
	for i := range n {
		all = append(all, rule(fmt.Sprintf("/tenant%d.v1.*", i), templates...))
	}
	return all
}

// fill makes n keys.
func fill(r *rules.Rules, n int) {
	for i := range n {
		r.Resolve(&policy.Call{Method: fmt.Sprintf("/tenant%d.v1.Orders/Get", i)})
	}
}

func BenchmarkNewOf10000Rules(b *testing.B) {
	all := manyRules(10_000, time.Second)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rules.New(all); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApply also measures how long a new method waits at most meanwhile.
func BenchmarkApply(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprint(n, " rules"), func(b *testing.B) {
			lists := [][]rules.Rule{manyRules(n, time.Second), manyRules(n, time.Second)}
			lists[1][1] = rule(lists[1][1].Match, timeout.Each(timeout.Config{Default: 2 * time.Second}), breaker.Each(breaker.Config{}))
			r := rulesOf(b, lists[0])
			fill(r, 4000)
			stop, longest := make(chan struct{}), make(chan time.Duration)
			go func() { longest <- longestResolve(r, stop) }()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := r.Apply(lists[i%2]); err != nil {
					b.Fatal(err)
				}
			}
			close(stop)
			b.ReportMetric(float64((<-longest).Microseconds())/1000, "ms/longest-resolve")
		})
	}
}

// longestResolve resolves new methods now and then until it is stopped.
func longestResolve(r *rules.Rules, stop <-chan struct{}) (longest time.Duration) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return longest
		case <-time.After(5 * time.Millisecond):
		}
		call := policy.Call{Method: fmt.Sprintf("/other.Service/New%d", i%50)}
		begin := time.Now()
		r.Resolve(&call)
		longest = max(longest, time.Since(begin))
	}
}
