package breaker_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// A breaker around any function. Five failures in a row open it.
func ExampleNew() {
	b, err := breaker.New(breaker.Consecutive(5, 30*time.Second), breaker.WithName("orders-db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	query := func(context.Context) error { return errors.New("connection refused") }
	for range 5 {
		_ = policy.Run(context.Background(), b, "select orders", query)
	}
	err = policy.Run(context.Background(), b, "select orders", query)
	fmt.Println(errors.Is(err, breaker.ErrOpen), status.Code(err), b.State())
	// Output: true Unavailable open
}

// One breaker for each method of a service.
func ExampleEach() {
	rules, err := rules.New([]rules.Rule{{
		Match:    "/shop.Catalog/*",
		Policies: []rules.Template{breaker.Each(breaker.Config{SlowAfter: 300 * time.Millisecond})},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, method := range []string{"/shop.Catalog/Get", "/shop.Catalog/List", "/shop.Orders/Get"} {
		fmt.Println(method, len(rules.Resolve(&policy.Call{Method: method}).Policies()))
	}
	// Output:
	// /shop.Catalog/Get 1
	// /shop.Catalog/List 1
	// /shop.Orders/Get 0
}

// All faults of a configuration are reported at once.
func ExampleConfig() {
	_, err := breaker.New(breaker.Config{FailureRatio: 1.5, Probes: -1})
	fmt.Println(err)
	// Output:
	// breaker: failure_ratio = 1.5; must be in (0, 1], or Off
	// breaker: probes = -1; must be in [1, 1000]
}

// Plain errors of Go handlers arrive as UNKNOWN, a failure by default. Where a
// service sends them for its callers' mistakes, say so.
func ExampleWithClassifier() {
	b, err := breaker.New(breaker.Config{}, breaker.WithClassifier(func(err error) policy.Verdict {
		if policy.Code(err) == codes.Unknown {
			return policy.Success
		}
		return policy.Classify(err)
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 100 {
		_ = policy.Run(context.Background(), b, "parse", func(context.Context) error {
			return errors.New("no such currency")
		})
	}
	fmt.Println(b.State())
	// Output: closed
}

// Shadow tries a configuration out on real traffic.
func ExampleBreaker_SetMode() {
	b, err := breaker.New(breaker.Config{Mode: breaker.Shadow})
	if err != nil {
		fmt.Println(err)
		return
	}
	fail := func(context.Context) error { return status.Error(codes.Unavailable, "down") }
	for range 20 {
		_ = policy.Run(context.Background(), b, "get", fail)
	}
	s := b.Snapshot()
	fmt.Printf("%v, would have refused %d\n", s.State, s.Rejected)
	if err := b.SetMode(breaker.Automatic); err != nil {
		fmt.Println(err)
	}
	err = policy.Run(context.Background(), b, "get", fail)
	fmt.Println(policy.IsRejection(err))
	// Output:
	// open, would have refused 5
	// true
}
