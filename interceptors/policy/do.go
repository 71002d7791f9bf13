package policy

import (
	"context"
	"sync"
)

// Do runs f, for example a database query or an HTTP call, under the policy p. The
// name takes the place of the method. The error is p's refusal, normally a
// *[Rejection], or f's own; if a policy such as a timeout ended f's context and f says
// no more than that, it is the policy's, see [Attribute]. [Classify] judges f's errors by their gRPC
// status, so most plain errors count as failures. If f panics, the permit is
// settled and the panic continues.
//
// What f does must be over when it returns, since its context may end then: f reads all
// that it returns. The body of an HTTP response, the rows of a query or a stream that are
// read later fail with "context canceled".
func Do(ctx context.Context, p Policy, name string, f func(ctx context.Context) error) error {
	l := loners.Get().(*loner) //nolint:errcheck,forcetypeassert // nothing else is ever put there
	defer l.end()
	l.links = l.link[:]
	l.link[0].policy, l.standIns = p, 1
	return l.do(ctx, &l.Admission, name, f)
}

// loner is a chain of one policy and a call under it.
type loner struct {
	Admission
	Chain

	link [1]link
}

var loners = sync.Pool{New: func() any { return new(loner) }} //nolint:gochecknoglobals // a pool is one for the process

func (l *loner) end() {
	l.Abandon()
	l.forget()
	l.link[0].policy = nil
	loners.Put(l)
}
