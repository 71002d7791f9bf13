package policy

import (
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
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

// Unwrap returns [ErrPanicked].
func (e *PanicError) Unwrap() error { return ErrPanicked }

// GRPCStatus returns INTERNAL without details: what went wrong must not reach
// clients.
func (e *PanicError) GRPCStatus() *status.Status {
	return status.New(codes.Internal, "panicked")
}
