package step

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// The errors of steps that were not started, each wrapped in a
// *[policy.Rejection].
var (
	// ErrRunning: as many runs of the step as its MaxRunning allows are in progress,
	// including those left behind.
	ErrRunning = errors.New("fallback: too many of the step run at once")
	// ErrNoTime: not enough time was left for the step.
	ErrNoTime = errors.New("fallback: not enough time left for the step")
)

// Error is the error of a chain in which several steps failed. Its gRPC status
// is that of the first step, which the others were to replace.
type Error struct {
	// Chain is the chain's name, the method of a call, or the path of a plan's
	// source.
	Chain string
	// Failures are the failures of the steps that were tried, in order.
	Failures []Failure
}

// Failure is the error of one step.
type Failure struct {
	Step string
	Err  error
}

// Error names the steps and their errors, with at most a KiB of each.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "fallback %q:", e.Chain)
	for i, f := range e.Failures {
		if i > 0 {
			b.WriteString(";")
		}
		fmt.Fprintf(&b, " %s: %s", f.Step, excerpt.Of(fmt.Sprint(f.Err)))
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
