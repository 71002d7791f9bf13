package policy

import "context"

// Do runs f, for example a database query or an HTTP call, under the policy p. The
// name takes the place of the method. The error is p's refusal, normally a
// *[Rejection], or f's own, unchanged. [Classify] judges f's errors by their gRPC
// status, so most plain errors count as failures. If f panics, the permit is
// settled and the panic continues.
func Do(ctx context.Context, p Policy, name string, f func(ctx context.Context) error) error {
	chain := Chain{policies: [MaxPolicies]Policy{p}, n: 1, standIns: 1}
	return chain.Do(ctx, name, f)
}

// Do runs f under all policies of the chain. See the function [Do].
func (c *Chain) Do(ctx context.Context, name string, f func(ctx context.Context) error) error {
	call := Call{Method: name, Side: Local}
	call.Deadline, _ = ctx.Deadline()
	var a Admission
	defer a.Abandon()
	ctx, err := c.Admit(ctx, call, &a)
	if err != nil {
		return err
	}
	err = f(ctx)
	a.Settle(Outcome{Err: err})
	return err
}
