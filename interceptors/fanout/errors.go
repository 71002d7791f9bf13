package fanout

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// ErrQuorum is wrapped by the [Error] of a run in which too few sources
// answered.
var ErrQuorum = errors.New("fewer sources answered than the quorum")

// Error is the error of a run without a response. Its gRPC status is that of the
// required source that failed, with its details, or UNAVAILABLE if the quorum
// was missed. The details also have the markers of all fields.
type Error struct {
	// Plan is the plan's name.
	Plan string
	// Source is the path of the required source that failed. It is empty if the
	// quorum was missed, and if the path itself is empty.
	Source string
	// Err is the error of the required source, unchanged. If the quorum was missed,
	// it wraps [ErrQuorum] and the errors of the sources that failed.
	Err error
	// Report is what was known of the fields when the run failed.
	Report degrade.Report
	// belowQuorum: the run itself missed the quorum. Err alone does not tell: it may
	// be that of a required source with a plan of its own.
	belowQuorum bool
}

// Error names the plan, the source and its error, of which it has at most the first KiB.
func (e *Error) Error() string {
	if e.belowQuorum {
		return fmt.Sprintf("fanout %q: %v", e.Plan, e.Err)
	}
	return fmt.Sprintf("fanout %q: required source %q: %s", e.Plan, e.Source, excerpt.Of(fmt.Sprint(e.Err)))
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// GRPCStatus returns the status described at [Error].
func (e *Error) GRPCStatus() *status.Status {
	return degrade.WithDetails(e.status(), e.Report)
}

// status returns the status without the details of the report.
func (e *Error) status() *status.Status {
	if e.belowQuorum {
		return status.New(codes.Unavailable, ErrQuorum.Error())
	}
	if s, ok := status.FromError(e.Err); ok {
		return s
	}
	return status.New(policy.Code(e.Err), e.Err.Error())
}

// quorumError says how many sources answered, and what the others failed with.
type quorumError struct {
	answered, asked, quorum int
	paths                   []string
	errs                    []error
}

// Error names the sources that failed, with at most a KiB of each error.
func (e *quorumError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %d of %d did; must be %d", ErrQuorum, e.answered, e.asked, e.quorum)
	for i, err := range e.errs {
		fmt.Fprintf(&b, "; %q: %s", e.paths[i], excerpt.Of(fmt.Sprint(err)))
	}
	return b.String()
}

// Unwrap returns ErrQuorum and the errors of the sources.
func (e *quorumError) Unwrap() []error { return append([]error{ErrQuorum}, e.errs...) }
