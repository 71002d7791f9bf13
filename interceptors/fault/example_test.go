package fault_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Faults are switched on and off while a program runs.
func ExampleFault_Update() {
	f, err := fault.New(fault.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	charge := func() error {
		return policy.Run(context.Background(), f, "charge", func(context.Context) error { return nil })
	}
	fmt.Println(charge())
	err = f.Update(fault.Config{Abort: codes.Unavailable, AbortShare: 1, Message: "the bank is closed"})
	fmt.Println(err, charge())
	fmt.Println(policy.ReasonOf(charge()), f.Snapshot().Aborted)
	fmt.Println(f.Update(fault.Config{}), charge())
	// Output:
	// <nil>
	// <nil> rpc error: code = Unavailable desc = the bank is closed
	// FAULT_INJECTED 2
	// <nil> <nil>
}

// A delay longer than any deadline is a dependency that hangs.
func ExampleNew() {
	hang, err := fault.New(fault.Config{Delay: time.Hour, DelayShare: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	err = policy.Run(ctx, hang, "query", func(context.Context) error {
		return errors.New("not reached")
	})
	fmt.Println(err)
	// Output: rpc error: code = DeadlineExceeded desc = context deadline exceeded
}

// Faults of a configuration are reported all at once.
func ExampleNew_faults() {
	_, err := fault.New(fault.Config{DelayShare: -0.5, Abort: codes.Internal, AbortShare: 1.5})
	fmt.Println(err)
	// Output:
	// fault: delay_share = -0.5; must be in [0, 1]
	// fault: abort_share = 1.5; must be in [0, 1]
}

// With a seed the same calls are hit each time.
func ExampleWithRand() {
	var mu sync.Mutex
	seeded := rand.New(rand.NewPCG(1, 2))
	f, err := fault.New(
		fault.Config{Abort: codes.Internal, AbortShare: 0.5},
		fault.WithRand(func() float64 {
			mu.Lock()
			defer mu.Unlock()
			return seeded.Float64()
		}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 1000 {
		_ = policy.Run(context.Background(), f, "get", func(context.Context) error { return nil })
	}
	aborted := f.Snapshot().Aborted
	fmt.Println(450 < aborted && aborted < 550)
	// Output: true
}

// One method of a server fails in one call of ten.
func ExampleEach() {
	rules, err := rules.New([]rules.Rule{{
		Match: "/shop.v1.Reviews/List",
		Policies: []rules.Template{
			fault.Each(fault.Config{Abort: codes.Unavailable, AbortShare: 0.1}).On(policy.Server),
		},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, side := range []policy.Side{policy.Client, policy.Server} {
		chain := rules.Resolve(&policy.Call{Method: "/shop.v1.Reviews/List", Side: side})
		fmt.Println(side, len(chain.Policies()))
	}
	// Output:
	// client 0
	// server 1
}
