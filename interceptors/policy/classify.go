package policy

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Classifier says what the error of a finished call means. It must be safe for
// concurrent use. One that panics, or returns none of the verdicts, says [Failure].
type Classifier func(err error) Verdict

// Classify is the default classifier. Failures are UNAVAILABLE,
// DEADLINE_EXCEEDED, INTERNAL, UNKNOWN and DATA_LOSS. Ignored are CANCELLED (the
// caller's doing), RESOURCE_EXHAUSTED (the peer sheds load, so it is alive),
// our own rejections, and a peer's whose bulkhead was full. A peer's open
// circuit is UNAVAILABLE like any other. All other codes are the dependency
// answering: success.
//
// An error that is no gRPC status has the code UNKNOWN, but for
// context.Canceled and context.DeadlineExceeded.
func Classify(err error) Verdict {
	if err == nil {
		return Success
	}
	switch Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.Unknown, codes.DataLoss:
		return classifyFailure(err)
	case codes.Canceled, codes.ResourceExhausted:
		return Ignored
	default:
		return Success
	}
}

// classifyFailure tells a failure of the dependency from a refusal that wears
// a failure's code.
func classifyFailure(err error) Verdict {
	if IsRejection(err) {
		return Ignored
	}
	switch ReasonOf(err) {
	case ReasonBulkheadFull, ReasonQueueTimeout, ReasonDeadlineTooNear, ReasonRateLimited:
		return Ignored
	default:
		return Failure
	}
}

// Code returns the status code of err: that of the status it is or wraps,
// CANCELLED or DEADLINE_EXCEEDED for a bare context error, else UNKNOWN. It is
// OK for nil only, and allocates nothing for a status that is not wrapped.
func Code(err error) codes.Code {
	if err == nil {
		return codes.OK
	}
	switch e := err.(type) { //nolint:errorlint // a fast path; FromError below unwraps
	case *Rejection:
		return e.code()
	case interface{ GRPCStatus() *status.Status }:
		if c := e.GRPCStatus().Code(); c != codes.OK {
			return c
		}
	}
	if s, ok := status.FromError(err); ok && s.Code() != codes.OK {
		return s.Code()
	}
	switch {
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	default:
		return codes.Unknown
	}
}

// Verdict runs the classifier. Nil means [Classify]; no error is always a
// [Success].
func (c Classifier) Verdict(err error) (v Verdict) {
	if c == nil {
		return Classify(err)
	}
	if err == nil {
		return Success
	}
	defer func() {
		if recover() != nil || v > NotStarted {
			v = Failure
		}
	}()
	return c(err)
}
