package policy

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/contain"
	"github.com/afloat-go/afloat/interceptors/internal/recovery"
)

// PanicError is the error of a function that afloat ran on a separate goroutine
// and that panicked or called runtime.Goexit. It wraps [ErrPanicked].
type PanicError struct {
	// Value is the argument of panic, nil after runtime.Goexit.
	Value any
	// Stack is the goroutine's stack, as formatted by debug.Stack.
	Stack []byte
}

// Error names the panic, without the stack.
func (e *PanicError) Error() string {
	if e.Value == nil {
		return "panicked: runtime.Goexit was called"
	}
	return fmt.Sprintf("panicked: %v", e.Value)
}

// Tell tells the recovery handler of ctx, if it has one, see [WithRecoveryHandler]. The
// handler gets Value, or e itself after runtime.Goexit. Whoever recovers a panic on a
// goroutine of its own calls it, before the deferred function returns, so that the stack is
// still there.
func (e *PanicError) Tell(ctx context.Context) {
	h := recovery.Of(ctx)
	if h == nil {
		return
	}
	defer contain.Panic()
	p := e.Value
	if p == nil {
		p = e
	}
	_ = h(ctx, p)
}

// WithRecoveryHandler returns a context whose sources, steps and handlers that panic on
// goroutines of afloat's tell h, which is as the handlers of go-grpc-middleware's recovery
// interceptors. That does not change what becomes of the panic: it is an error of the
// source or step, and so is h's error not used. h must be safe for concurrent use; its own
// panics are dropped. A server has it for all of its calls by
// interceptors.WithRecoveryHandler, without any cost. Nil: ctx itself.
func WithRecoveryHandler(ctx context.Context, h func(ctx context.Context, p any) error) context.Context {
	if h == nil {
		return ctx
	}
	return context.WithValue(ctx, recovery.Key{}, h)
}

// Unwrap returns [ErrPanicked].
func (e *PanicError) Unwrap() error { return ErrPanicked }

// GRPCStatus returns INTERNAL without details: what went wrong must not reach
// clients.
func (e *PanicError) GRPCStatus() *status.Status {
	return status.New(codes.Internal, "panicked")
}
