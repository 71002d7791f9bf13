package fallback

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/internal/attempt"
)

// doing is one run and its waiter.
type doing[In, T any] struct {
	attempt.Run[In, T]

	done chan struct{} // closed once ok is set, and there is an answer
	ok   bool
}

// Took is called by the run.
func (d *doing[In, T]) Took(ok bool) {
	d.ok = ok
	close(d.done)
}

// do runs the steps of the named chain that come after those that have already
// failed, and waits for an answer or the end of ctx.
func do[In, T any](
	ctx context.Context, name string, c *attempt.Chain[In, T], in In, failures []error,
) (*attempt.Run[In, T], error) {
	d := &doing[In, T]{done: make(chan struct{})}
	go d.Resume(ctx, c, in, d, failures)
	select {
	case <-d.done:
	case <-ctx.Done():
		select {
		case <-d.done: // what has arrived is not lost
		default:
			d.Abandon()
			return nil, ctx.Err()
		}
	}
	if !d.ok {
		return nil, ErrorOf(name, c.Names(len(d.Answer.Failures())), d.Answer.Failures())
	}
	return &d.Run, nil
}
