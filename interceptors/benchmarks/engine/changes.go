package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// changes measures new rules and changes of rules, and how long a new method waits at most
// while they change.
func changes(_ context.Context, _ measure.Effort, p *measure.Page) error {
	var fault error
	const many = 10_000
	repeat(p, fmt.Sprintf("NewRules of %d rules", many), 50, func() func() {
		list := manyRules(many)
		return func() { _, fault = interceptors.NewRules(list) }
	})
	for _, n := range []int{10, many} {
		r, err := interceptors.NewRules(manyRules(n), rules.WithMaxKeys(1<<20))
		if err != nil {
			return err
		}
		use(r, keys)
		most, limit := 20.0, time.Second
		if n == many {
			most = 60
		}
		var longest []time.Duration
		repeat(p, fmt.Sprintf("a change of one rule of %d, %d methods", n+1, keys), most, func() func() {
			limit++
			list := manyRules(n)
			list[1].Policies[0] = timeout.Each(timeout.Config{Default: limit})
			return func() { fault = r.Apply(list) }
		})
		for i := range runs {
			limit++
			list := manyRules(n)
			list[1].Policies[0] = timeout.Each(timeout.Config{Default: limit})
			longest = append(longest, longestWait(r, i, func() { fault = r.Apply(list) }))
		}
		add(p, fmt.Sprintf("a new method meanwhile, of %d rules, the longest wait", n+1), 2, longest, math.NaN())
	}
	return fault
}

// longestWait resolves new methods while something is done, and returns the longest that
// one took.
func longestWait(r *rules.Rules, run int, do func()) (longest time.Duration) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	pace := time.NewTicker(200 * time.Microsecond)
	defer pace.Stop()
	for i := 0; ; i++ {
		select {
		case <-done:
			return longest
		case <-pace.C:
		}
		call := policy.Call{Method: fmt.Sprintf("/other.Service%d/New%d", run, i)}
		begin := time.Now()
		r.Resolve(&call)
		longest = max(longest, time.Since(begin))
	}
}

// manyRules are rules for n packages, and one for the rest.
func manyRules(n int) []rules.Rule {
	templates := func() []rules.Template {
		return []rules.Template{
			timeout.Each(timeout.Config{Default: time.Second}), breaker.Each(breaker.Config{}),
			bulkhead.Each(bulkhead.Config{MaxConcurrent: 100}),
		}
	}
	all := []rules.Rule{{Match: "*", Policies: templates()}}
	for i := range n {
		all = append(all, rules.Rule{Match: fmt.Sprintf("/tenant%d.v1.*", i), Policies: templates()})
	}
	return all
}
