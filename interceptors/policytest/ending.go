package policytest

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ending is a way for a call to end.
type ending struct {
	name string
	// body is the call.
	body func(ctx context.Context, cancel context.CancelFunc) error
	// inside is the refusal of an inner policy, which keeps body from running.
	// Nil: there is no such policy.
	inside error
}

var (
	errThrown = errors.New("policytest: thrown by the call")
	errInside = status.Error(codes.ResourceExhausted, "policytest: refused further in")
)

// endings returns every way for a call to end.
func endings() []ending {
	return []ending{
		succeeds(),
		{name: "failure", body: func(context.Context, context.CancelFunc) error {
			return status.Error(codes.Unavailable, "policytest: failure")
		}},
		{name: "shed", body: func(context.Context, context.CancelFunc) error {
			return status.Error(codes.ResourceExhausted, "policytest: shed")
		}},
		{name: "cancel", body: func(_ context.Context, cancel context.CancelFunc) error {
			cancel()
			return status.FromContextError(context.Canceled).Err()
		}},
		{name: "deadline", body: func(context.Context, context.CancelFunc) error {
			time.Sleep(patience)
			return status.FromContextError(context.DeadlineExceeded).Err()
		}},
		{name: "panic", body: func(context.Context, context.CancelFunc) error {
			panic(errThrown) //nolint:forbidigo // an ending that policies must survive
		}},
		{name: "goexit", body: func(context.Context, context.CancelFunc) error {
			runtime.Goexit()
			return nil
		}},
		{name: "refused further in", inside: errInside},
	}
}

// succeeds returns the way of a call that ends well.
func succeeds() ending {
	return ending{name: "success", body: func(context.Context, context.CancelFunc) error {
		return nil
	}}
}

// callsPerCheck is how many places a leak must be spread over to stay hidden.
const callsPerCheck = 256

// check ends many calls in this way, one after the other.
func (e ending) check(tb testing.TB, s suite) {
	tb.Helper()
	c := newCaller(tb, s.newPolicy(tb))
	for range callsPerCheck {
		if !c.mustEnd(e) {
			return
		}
	}
	c.mustRest()
}
