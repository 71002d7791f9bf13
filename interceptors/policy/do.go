package policy

import (
	"context"
	"sync"

	"github.com/afloat-go/afloat/interceptors/internal/below"
)

// Do runs f, for example a database query or an HTTP call, under the policy p, and returns
// its value. The name takes the place of the method. The error is p's refusal, normally a
// *[Rejection], with no value, or f's own, with the value that came with it; if a policy
// such as a timeout ended f's context and f says no more than that, it is the policy's, see
// [Attribute]. [Classify] judges f's errors by their status, gRPC's or connect-go's, so most
// plain errors count as failures: a breaker needs a classifier that knows the others. If f
// panics, the permit is settled and the panic continues.
//
// What f does must be over when it returns: a policy such as a timeout ends its context
// then. So it must read the rows of a query or the body of a response, and return what was in
// there. What is read afterwards fails with [context.Canceled].
func Do[T any](ctx context.Context, p Policy, name string, f func(ctx context.Context) (T, error)) (T, error) {
	l := lone(p)
	defer l.end()
	return do(ctx, &l.Chain, &l.Admission, name, f)
}

// DoChain does what [Do] does under all policies of a chain.
func DoChain[T any](ctx context.Context, c *Chain, name string, f func(ctx context.Context) (T, error)) (T, error) {
	a := Begin()
	defer a.End()
	return do(ctx, c, a, name, f)
}

// Run does what [Do] does for a function that has no value.
func Run(ctx context.Context, p Policy, name string, f func(ctx context.Context) error) error {
	l := lone(p)
	defer l.end()
	return l.run(ctx, &l.Admission, name, f)
}

// do makes f the call of a, and runs it under the chain.
func do[T any](ctx context.Context, c *Chain, a *Admission, name string, f func(ctx context.Context) (T, error)) (v T, err error) {
	admitted, err := c.admitLocal(ctx, a, name)
	if err != nil {
		return v, below.Note(ctx, err)
	}
	v, err = f(admitted)
	return v, settleLocal(ctx, admitted, a, err)
}

// settleLocal settles a call that is not gRPC's and returns the error that its caller gets.
func settleLocal(ctx, admitted context.Context, a *Admission, err error) error {
	err = Attribute(ctx, admitted, err)
	a.Settle(err)
	return below.Note(ctx, err)
}

// loner is a chain of one policy and a call under it.
type loner struct {
	Admission
	Chain

	link [1]link
}

var loners = sync.Pool{New: func() any { return new(loner) }} //nolint:gochecknoglobals // a pool is one for the process

// lone returns a loner for the policy. Defer its end.
func lone(p Policy) *loner {
	l := loners.Get().(*loner) //nolint:errcheck,forcetypeassert // nothing else is ever put there
	l.links = l.link[:]
	l.link[0].policy, l.standIns = p, 1
	return l
}

func (l *loner) end() {
	l.Abandon()
	l.forget()
	l.link[0].policy = nil
	loners.Put(l)
}
