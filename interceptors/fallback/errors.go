package fallback

import (
	"fmt"
	"strings"

	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// The errors of steps that were not started, each wrapped in a
// *[policy.Rejection].
var (
	// ErrRunning: as many runs of the step as [Steps.MaxRunning] allows are in
	// progress, including those left behind.
	ErrRunning = attempt.ErrRunning
	// ErrNoTime: not enough time was left for the step.
	ErrNoTime = attempt.ErrNoTime
)

// Error is the error of a chain in which several steps failed. Its gRPC status
// is that of the first step, which the others were to replace.
type Error struct {
	// Chain is the chain's name, or the method of a call.
	Chain string
	// Failures are the failures of the steps that were tried, in order.
	Failures []Failure
}

// Failure is the error of one step.
type Failure struct {
	Step string
	Err  error
}

// Error names the steps and their errors.
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

// GRPCStatus returns the status of the first step's error.
func (e *Error) GRPCStatus() *status.Status {
	first := e.Failures[0].Err
	if s, ok := status.FromError(first); ok {
		return s
	}
	return status.New(policy.Code(first), first.Error())
}

// ErrorOf returns the error of a chain from the failures of its steps, which have
// the given names: nil if there are none, the error itself if there is one, and
// an [*Error] if there are several. It is for package fanout.
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
