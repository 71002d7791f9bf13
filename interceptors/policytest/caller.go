package policytest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Virtual times.
const (
	// patience is the deadline of a call.
	patience = time.Second
	// rest is long enough for a policy that refuses because of past outcomes to
	// try again.
	rest = time.Hour
	// restDays is the idle time after which a policy must be as good as new.
	restDays = 48 * time.Hour
)

// caller makes calls under a policy the way adapters do. It is safe for
// concurrent use.
type caller struct {
	tb    testing.TB
	p     policy.Policy
	chain *policy.Chain
}

// newCaller returns a caller under p alone.
func newCaller(tb testing.TB, p policy.Policy) *caller {
	tb.Helper()
	return &caller{tb, p, chainOf(tb, p)}
}

// chainOf returns a chain of the policies, and ends the test if there can be none.
func chainOf(tb testing.TB, policies ...policy.Policy) *policy.Chain {
	tb.Helper()
	chain, err := policy.NewChain(policies)
	if err != nil {
		tb.Fatalf("the policy cannot be in a chain: %v", err)
	}
	return chain
}

// newCall describes a call. The n vary its method and shape.
func newCall(ctx context.Context, n int) policy.Call {
	methods := [...]string{"/policytest.v1.Conformance/One", "/policytest.v1.Conformance/Two"}
	shapes := [...]policy.Shape{policy.Unary, policy.ServerStream, policy.ClientStream, policy.BidiStream}
	deadline, _ := ctx.Deadline()
	return policy.Call{
		Method: methods[n%len(methods)], Target: "policytest",
		Shape: shapes[n/2%len(shapes)], Deadline: deadline,
	}
}

// end makes a call that ends by e. It returns the policy's refusal, nil if the
// call was admitted. The call runs on a goroutine of its own, because e may end
// it.
func (c *caller) end(e ending, n int) error {
	ctx, cancel := context.WithTimeout(c.tb.Context(), patience)
	defer cancel()
	chain := c.chain
	if e.inside != nil {
		chain = chainOf(c.tb, c.p, &Spy{Stands: policy.LayerOf(c.p), Refusal: e.inside})
	}
	var refusal error
	c.bounded(func() { refusal = runUnder(ctx, cancel, chain, e, n) })
	if errors.Is(refusal, errInside) {
		return nil
	}
	return refusal
}

// bounded runs f, part of a call, in a goroutine of its own. A policy that
// blocks it past its deadline ends the test, because it may block forever.
func (c *caller) bounded(f func()) {
	c.tb.Helper()
	const bound = 3 * patience
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer c.contain()
		f()
	}()
	timer := time.NewTimer(bound)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		c.tb.Fatalf("a call with a deadline of %v is blocked after %v", patience, bound)
	}
}

// contain stops the panic of an ending, and reports that of a policy.
func (c *caller) contain() {
	if r := recover(); r != nil && r != any(errThrown) {
		c.tb.Errorf("the policy panicked: %v", r)
	}
}

// hold starts a call and leaves it in flight, nil if it is refused.
func (c *caller) hold(n int) *held {
	ctx, cancel := context.WithTimeout(c.tb.Context(), patience)
	h := &held{cancel: cancel}
	var err error
	c.bounded(func() { h.admission.Call = newCall(ctx, n); _, err = c.chain.Admit(ctx, &h.admission) })
	if err != nil {
		cancel()
		return nil
	}
	return h
}

// fill starts as many calls as the policy lets run at once, up to a bound. Some
// are refused on the way if the policy has a limit.
func (c *caller) fill() []*held {
	var calls []*held
	for n := range callsPerCheck {
		if h := c.hold(n); h != nil {
			calls = append(calls, h)
		}
	}
	return calls
}

// mustEnd makes a call that ends by e while nothing else is in flight. A policy
// may refuse it because of past outcomes, but not for long.
func (c *caller) mustEnd(e ending) bool {
	c.tb.Helper()
	err := c.end(e, 0)
	if err != nil {
		time.Sleep(rest)
		err = c.end(e, 0)
	}
	if err != nil {
		c.tb.Errorf("with nothing in flight, and after %v without a call, a call is refused: %v", rest, err)
	}
	return err == nil
}

// mustRest reports a policy that does not recover when all calls have ended.
func (c *caller) mustRest() {
	c.tb.Helper()
	const recovery = 16
	for range recovery {
		if err := c.end(succeeds(), 0); err != nil {
			time.Sleep(rest)
		}
	}
	time.Sleep(restDays)
	if i, ok := c.p.(policy.Idler); ok && !i.Idle() {
		c.tb.Errorf("with nothing in flight, and after %v without a call, Idle() = false", restDays)
	}
	c.mustEnd(succeeds())
}

// runUnder does with a call what an adapter does.
func runUnder(ctx context.Context, cancel context.CancelFunc, chain *policy.Chain, e ending, n int) error {
	call := newCall(ctx, n)
	a := policy.Begin()
	defer a.End()
	a.Call = call
	ctx, err := chain.Admit(ctx, a)
	if err != nil {
		return err
	}
	if call.Shape.Streams() {
		err = exchange(a)
	}
	if err == nil {
		err = e.body(ctx, cancel)
	}
	a.Settle(err)
	return nil
}

// exchange sends and receives the messages of a stream.
func exchange(a *policy.Admission) error {
	if err := a.Message(policy.Sent); err != nil {
		return err
	}
	if tell := a.Respond(); tell != nil {
		tell()
	}
	return a.Message(policy.Received)
}

// held is a call in flight.
type held struct {
	admission policy.Admission
	cancel    context.CancelFunc
}

// settle ends calls.
func settle(calls []*held, o policy.Outcome) {
	for _, h := range calls {
		h.admission.SettleAs(o)
		h.cancel()
	}
}
