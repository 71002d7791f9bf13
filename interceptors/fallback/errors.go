package fallback

import (
	"fmt"
	"strings"

	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// The errors of steps that were not started, each within a [policy.Rejection].
var (
	// ErrRunning: as many of the step as may run do, those left behind among them.
	ErrRunning = attempt.ErrRunning
	// ErrNoTime: not enough of the time was left.
	ErrNoTime = attempt.ErrNoTime
)

// Error is the error of a chain of which several steps failed. As a gRPC status
// it is that of the first, which is what the others stood in for.
type Error struct {
	// Chain is the chain's name, or the method of a call.
	Chain string
	// Failures are what the steps failed with that were tried, in order.
	Failures []Failure
}

// Failure is what one step failed with.
type Failure struct {
	Step string
	Err  error
}

// Error names the steps and what they failed with.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "fallback %q:", e.Chain)
	for i, f := range e.Failures {
		if i > 0 {
			b.WriteString(";")
		}
		fmt.Fprintf(&b, " %s: %v", f.Step, f.Err)
	}
	return b.String()
}

// Unwrap returns the errors of the steps.
func (e *Error) Unwrap() []error {
	all := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		all[i] = f.Err
	}
	return all
}

// GRPCStatus is the status of the first step's error.
func (e *Error) GRPCStatus() *status.Status {
	first := e.Failures[0].Err
	if s, ok := status.FromError(first); ok {
		return s
	}
	return status.New(policy.Code(first), first.Error())
}

// ErrorOf returns the error of a chain whose steps of the given names failed: the
// very error if it was one, an [*Error] of several, nil of none.
func ErrorOf(chain string, steps []string, failures []error) error {
	switch len(failures) {
	case 0:
		return nil
	case 1:
		return failures[0]
	}
	e := &Error{Chain: chain}
	for i, err := range failures {
		e.Failures = append(e.Failures, Failure{Step: steps[i], Err: err})
	}
	return e
}
