package timeout_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// Any function can be put under a timeout.
func ExampleNew() {
	t, err := timeout.New(timeout.Config{Default: time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = policy.Run(context.Background(), t, "report", func(ctx context.Context) error {
		<-ctx.Done() // as a query that takes too long
		return ctx.Err()
	})
	fmt.Println(err)
	// Output: timeout: the call outlived its default of 1ms
}

// Faults of a configuration are reported all at once.
func ExampleNew_faults() {
	_, err := timeout.New(timeout.Config{Default: 10 * time.Second, Max: time.Second, Idle: -time.Minute})
	fmt.Println(err)
	// Output:
	// timeout: idle = -1m0s; must be in [1ms, 24h0m0s]
	// timeout: default = 10s; must be at most max (1s)
}

// Unary calls get a second, streams may run for as long as something happens on
// them, and one method has limits of its own.
func ExampleEach() {
	rules, err := rules.New([]rules.Rule{
		{Match: "*", Policies: []rules.Template{
			timeout.Each(timeout.Config{Default: time.Second, FirstMessage: 5 * time.Second, Idle: time.Minute}),
		}},
		{Match: "/shop.v1.Reports/Yearly", Policies: []rules.Template{
			timeout.Each(timeout.Config{Default: time.Hour}),
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, method := range []string{"/shop.v1.Catalog/Get", "/shop.v1.Reports/Yearly"} {
		chain := rules.Resolve(&policy.Call{Method: method})
		_ = chain.Run(context.Background(), method, func(ctx context.Context) error {
			deadline, _ := ctx.Deadline()
			fmt.Println(method, time.Until(deadline).Round(time.Second))
			return nil
		})
	}
	// Output:
	// /shop.v1.Catalog/Get 1s
	// /shop.v1.Reports/Yearly 1h0m0s
}

// The error of a stream that overstayed a limit says which.
func ExampleErrIdle() {
	t, err := timeout.New(timeout.Config{Idle: time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	chain, err := policy.NewChain([]policy.Policy{t})
	if err != nil {
		fmt.Println(err)
		return
	}
	// The adapters in package interceptors do this for every stream.
	var stream policy.Admission
	call := policy.Call{Method: "/shop.v1.Prices/Watch", Shape: policy.ServerStream}
	stream.Call = call
	ctx, err := chain.Admit(context.Background(), &stream)
	if err != nil {
		fmt.Println(err)
		return
	}
	<-ctx.Done()
	err = context.Cause(ctx)
	stream.Settle(err)
	fmt.Println(errors.Is(err, timeout.ErrIdle), policy.Code(err), policy.ReasonOf(err), policy.Classify(err))
	// Output: true DeadlineExceeded TIMEOUT failure
}
