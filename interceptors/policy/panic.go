package policy

import (
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// PanicError is the error of a function that panicked, or ended its goroutine,
// where afloat runs it on a goroutine of its own. errors.Is finds [ErrPanicked].
type PanicError struct {
	// Value is what was given to panic, nil if the goroutine was ended by
	// runtime.Goexit.
	Value any
	// Stack is the goroutine's, as debug.Stack formats it.
	Stack []byte
}

// Error says what the panic was, without the stack.
func (e *PanicError) Error() string {
	if e.Value == nil {
		return "panicked: runtime.Goexit was called"
	}
	return fmt.Sprintf("panicked: %v", e.Value)
}

// Unwrap returns [ErrPanicked].
func (e *PanicError) Unwrap() error { return ErrPanicked }

// GRPCStatus is INTERNAL and says no more: what went wrong is no business of
// clients.
func (e *PanicError) GRPCStatus() *status.Status {
	return status.New(codes.Internal, "panicked")
}
