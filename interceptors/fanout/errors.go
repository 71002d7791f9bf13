package fanout

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// ErrQuorum is in the tree of the [Error] of a run in which too few sources
// answered.
var ErrQuorum = errors.New("fewer sources answered than the quorum")

// Error is the error of a run without a response. As a gRPC status it is that of
// the required source that failed, with its details, or UNAVAILABLE below the
// quorum; the markers of all fields are in the details.
type Error struct {
	// Plan is the plan's name.
	Plan string
	// Source is the path of the required source that failed, which may be empty,
	// as it is below the quorum.
	Source string
	// Err is the very error of the required source, or [ErrQuorum] joined with the
	// errors of those that failed.
	Err error
	// Report is what was known when the run failed.
	Report degrade.Report
}

// Error names the plan, the source and its error.
func (e *Error) Error() string {
	if errors.Is(e.Err, ErrQuorum) {
		return fmt.Sprintf("fanout %q: %v", e.Plan, e.Err)
	}
	return fmt.Sprintf("fanout %q: required source %q: %v", e.Plan, e.Source, e.Err)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// GRPCStatus returns the status for the caller.
func (e *Error) GRPCStatus() *status.Status {
	return degrade.WithDetails(e.status(), e.Report)
}

func (e *Error) status() *status.Status {
	if errors.Is(e.Err, ErrQuorum) {
		return status.New(codes.Unavailable, ErrQuorum.Error())
	}
	if s, ok := status.FromError(e.Err); ok {
		return s
	}
	return status.New(policy.Code(e.Err), e.Err.Error())
}

// fault is why the run has no response, nil if it has one.
func (r *run[Req, Resp]) fault(report degrade.Report) error {
	answered := len(r.tasks)
	for i, o := range r.outcomes {
		if o == nil || o.err == nil {
			continue
		}
		answered--
		if o.required {
			return &Error{Plan: r.plan.cfg.Name, Source: r.plan.bindings[i].path(), Err: o.err, Report: report}
		}
	}
	if r.complete && !report.Complete() {
		return report.Err()
	}
	if answered < r.plan.cfg.Quorum {
		return &Error{Plan: r.plan.cfg.Name, Err: errors.Join(r.failures()...), Report: report}
	}
	return nil
}

// failures are the errors of a run below the quorum.
func (r *run[Req, Resp]) failures() []error {
	all := []error{ErrQuorum}
	for _, o := range r.outcomes {
		if o != nil {
			all = append(all, o.err)
		}
	}
	return all
}
