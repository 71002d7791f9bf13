package bulkhead_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Any function can be put under a bulkhead.
func Example() {
	places, err := bulkhead.New(bulkhead.Config{MaxConcurrent: 1}, bulkhead.WithName("reports"))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	err = policy.Run(ctx, places, "monthly", func(ctx context.Context) error {
		fmt.Println("monthly runs")
		return policy.Run(ctx, places, "yearly", func(context.Context) error {
			fmt.Println("yearly runs")
			return nil
		})
	})
	fmt.Println(err)
	fmt.Println(errors.Is(err, bulkhead.ErrFull))
	// Output:
	// monthly runs
	// bulkhead: full: yearly (reports)
	// true
}

// Faults of a configuration are reported all at once.
func ExampleNew_faults() {
	_, err := bulkhead.New(bulkhead.Config{MaxQueue: 10})
	fmt.Println(err)
	// Output:
	// bulkhead: max_concurrent = 0; must be in [1, 1000000]
	// bulkhead: max_wait = 0s; must be in (0s, 1h]
}

// Every method gets 100 places and a short queue; payments are a compartment
// of their own, which all methods of the service share.
func ExampleEach() {
	payments, err := bulkhead.New(bulkhead.Config{MaxConcurrent: 10}, bulkhead.WithName("payments"))
	if err != nil {
		fmt.Println(err)
		return
	}
	rules, err := rules.New([]rules.Rule{
		{Match: "/shop.v1.Payments/*", Policies: []rules.Template{rules.Use(payments)}},
		{Match: "*", Policies: []rules.Template{
			bulkhead.Each(bulkhead.Config{MaxConcurrent: 100, MaxQueue: 20, MaxWait: 50 * time.Millisecond}),
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, method := range []string{"/shop.v1.Payments/Charge", "/shop.v1.Payments/Refund", "/shop.v1.Inventory/Reserve"} {
		for _, p := range rules.Resolve(&policy.Call{Method: method}).Policies() {
			if b, ok := p.(*bulkhead.Bulkhead); ok {
				s := b.Snapshot()
				fmt.Println(method, "has", s.MaxConcurrent, "places of", s.Name)
			}
		}
	}
	// Output:
	// /shop.v1.Payments/Charge has 10 places of payments
	// /shop.v1.Payments/Refund has 10 places of payments
	// /shop.v1.Inventory/Reserve has 100 places of /shop.v1.Inventory/Reserve
}

// The limits of a bulkhead in use can change.
func ExampleBulkhead_Update() {
	places, err := bulkhead.New(bulkhead.Config{MaxConcurrent: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(places.Update(bulkhead.Config{MaxConcurrent: 0}))
	fmt.Println(places.Update(bulkhead.Config{MaxConcurrent: 20}))
	fmt.Println(places.Snapshot().MaxConcurrent)
	// Output:
	// bulkhead: max_concurrent = 0; must be in [1, 1000000]
	// <nil>
	// 20
}
