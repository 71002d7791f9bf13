package afloattest

import (
	"context"
	"time"

	"google.golang.org/grpc/status"
)

// Act is what a server does with a call, see [Script]. It is a value. The zero Act is
// [Pass].
type Act struct {
	// do acts, and returns the error that the call ends with, if not nil.
	do func(ctx context.Context) error
	// end: the call ends without an error after that.
	end bool
	// after is how many messages of a stream are sent first.
	after int
}

// Pass lets the handler answer.
func Pass() Act { return Act{} }

// Fail ends calls with an error, which is normally a status. The handler is not asked.
func Fail(err error) Act { return Act{do: func(context.Context) error { return err }} }

// Hang ends calls when nobody waits for them any more, and not before.
func Hang() Act {
	return Act{do: func(ctx context.Context) error {
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}}
}

// Slow lets the handler answer after a time, unless nobody waits any more before.
func Slow(d time.Duration) Act {
	return Act{do: func(ctx context.Context) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}}
}

// Deaf lets the handler answer after a time, whether or not anybody waits any more, as a
// handler does that looks at no context.
func Deaf(d time.Duration) Act {
	return Act{do: func(context.Context) error {
		time.Sleep(d)
		return nil
	}}
}

// End ends streams as a handler does that has no more to say. It is for [Act.After].
func End() Act { return Act{end: true} }

// Do calls f, which may wait, and ends the call with its error, or lets the handler answer
// if that is nil.
func Do(f func(ctx context.Context) error) Act { return Act{do: f} }

// After returns the act for a stream that has sent so many messages: it takes place before
// the next one, or at the end if there are no more. With a unary call it takes place after
// the handler if n is positive.
func (a Act) After(n int) Act {
	a.after = n
	return a
}

// run acts, and reports whether the call ends with that, and how.
func (a Act) run(ctx context.Context) (ends bool, err error) {
	if a.do != nil {
		err = a.do(ctx)
	}
	return a.end || err != nil, err
}
