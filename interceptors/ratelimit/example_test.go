package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Any function can be put under a rate limit: here the way to a database, for
// when the cache in front of it is gone.
func Example() {
	limit, err := ratelimit.New(ratelimit.Config{PerSecond: 0.5, Burst: 2}, ratelimit.WithName("database"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		err = policy.Run(context.Background(), limit, "select", func(context.Context) error {
			fmt.Println("select runs")
			return nil
		})
	}
	rejection, _ := errors.AsType[*policy.Rejection](err)
	fmt.Println(errors.Is(err, ratelimit.ErrLimited), policy.Code(err), rejection.Name)
	fmt.Println("retry in", time.Until(rejection.Retry).Round(time.Second))
	// Output:
	// select runs
	// select runs
	// true ResourceExhausted database
	// retry in 2s
}

// Calls that come a little too fast wait their turn.
func ExampleConfig_maxWait() {
	limit, err := ratelimit.New(ratelimit.Config{PerSecond: 200, Burst: 1, MaxWait: time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	began := time.Now()
	for range 3 {
		err = errors.Join(err, policy.Run(context.Background(), limit, "send", func(context.Context) error { return nil }))
	}
	fmt.Println(err, time.Since(began) >= 10*time.Millisecond)
	// Output: <nil> true
}

// Faults of a configuration are reported all at once.
func ExampleNew_faults() {
	_, err := ratelimit.New(ratelimit.Config{PerSecond: -1, MaxWait: 24 * time.Hour})
	fmt.Println(err)
	// Output:
	// ratelimit: per_second = -1; must be in [0.000001, 1000000000]
	// ratelimit: max_wait = 24h0m0s; must be in [0s, 1h0m0s]
}

// All methods of a service share the quota of one partner.
func ExampleEach() {
	rules, err := rules.New([]rules.Rule{{Match: "/partner.v1.Rates/*", Policies: []rules.Template{
		ratelimit.Each(ratelimit.Config{PerSecond: 50}).Per(rules.PerService),
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, method := range []string{"/partner.v1.Rates/Get", "/partner.v1.Rates/List"} {
		for _, p := range rules.Resolve(&policy.Call{Method: method}).Policies() {
			if l, ok := p.(*ratelimit.Limiter); ok {
				s := l.Snapshot()
				fmt.Printf("%s: %v per second, bursts of %d, for %s\n", method, s.PerSecond, s.Burst, s.Name)
			}
		}
	}
	// Output:
	// /partner.v1.Rates/Get: 50 per second, bursts of 50, for /partner.v1.Rates/
	// /partner.v1.Rates/List: 50 per second, bursts of 50, for /partner.v1.Rates/
}

// The limits of a limiter in use can change.
func ExampleLimiter_Update() {
	limit, err := ratelimit.New(ratelimit.Config{PerSecond: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(limit.Update(ratelimit.Config{PerSecond: 20, Burst: -1}))
	fmt.Println(limit.Update(ratelimit.Config{PerSecond: 20}))
	s := limit.Snapshot()
	fmt.Printf("%v per second, bursts of %d, %.0f tokens\n", s.PerSecond, s.Burst, s.Tokens)
	// Output:
	// ratelimit: burst = -1; must be in [1, 1000000000]
	// <nil>
	// 20 per second, bursts of 20, 10 tokens
}
