package policy

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// EndOf returns the status code that says who ended ctx: OK if it has not ended,
// DEADLINE_EXCEEDED if time ran out, CANCELLED if somebody gave up. Time ran out if
// ctx's own deadline passed, or if ctx was cancelled with a cause that says so, be it
// [context.DeadlineExceeded] or a status DEADLINE_EXCEEDED, as policies that end calls
// have.
func EndOf(ctx context.Context) codes.Code {
	switch err := ctx.Err(); {
	case err == nil:
		return codes.OK
	case errors.Is(err, context.DeadlineExceeded), Code(context.Cause(ctx)) == codes.DeadlineExceeded:
		return codes.DeadlineExceeded
	default:
		return codes.Canceled
	}
}

// CauseOf returns the status that a policy ended ctx with, nil if ctx has not ended or
// was not ended by one.
func CauseOf(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	if cause, ok := statusIn(context.Cause(ctx)); ok && cause.GRPCStatus().Code() != codes.OK {
		return cause
	}
	return nil
}

// Attribute returns the error that the caller of a call gets for err. If a policy ended
// ctx, the context that the call ran in, and not the caller its own, an error that only
// says so (CANCELLED or DEADLINE_EXCEEDED without details) becomes the status that the
// policy ended it with, see [CauseOf]. What err says beside that is kept: its text stands
// behind the status' own, and errors.Is finds it. Any other error is returned as it is.
func Attribute(caller, ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return attribute(caller, ctx, err)
}

// attribute does what Attribute does for an error. Success is not to cost a call.
func attribute(caller, ctx context.Context, err error) error {
	if !endedByContext(err) || !isOver(caller, ctx) || caller.Err() != nil {
		return err
	}
	if end, ok := StatusOf(err); ok && len(end.Proto().GetDetails()) > 0 {
		return err // somebody's own answer
	}
	cause := CauseOf(ctx)
	switch {
	case cause != nil && tellsMore(err):
		return &ended{cause.(statusError), err} //nolint:errcheck,errorlint,forcetypeassert // CauseOf returns no other
	case cause != nil:
		return cause
	case EndOf(ctx) == codes.DeadlineExceeded && Code(err) == codes.Canceled:
		return status.FromContextError(context.DeadlineExceeded).Err() // gRPC calls every cancelled context CANCELLED
	default:
		return err
	}
}

// isOver reports whether ctx has ended. If its time is up it is about to, but its timer
// may be late: the answer of a peer that keeps the same time can be here first.
func isOver(caller, ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	deadline, ok := ctx.Deadline()
	if !ok || time.Until(deadline) > 0 {
		return false
	}
	if own, ok := caller.Deadline(); ok && !deadline.Before(own) {
		return false // no policy's time
	}
	patience := time.NewTimer(lateness) // for a context that has no timer
	defer patience.Stop()
	select {
	case <-ctx.Done():
	case <-patience.C:
	}
	return ctx.Err() != nil
}

// lateness is how late a context's timer is waited for.
const lateness = 10 * time.Millisecond

// tellsMore reports whether err, which came with the end of a context, says more than that.
func tellsMore(err error) bool {
	text := said(err)
	return text != context.DeadlineExceeded.Error() && text != context.Canceled.Error()
}

// said returns what err says: a status its message, without the code, and so does an error
// of connect-go.
func said(err error) string {
	switch said := err.(type) { //nolint:errorlint // what is wrapped may have a text around it
	case statusError:
		return said.GRPCStatus().Message()
	case interface{ Message() string }:
		return said.Message()
	default:
		return err.Error()
	}
}

// ended is the error of a call that a policy ended, and that says what it was waiting for.
type ended struct {
	cause statusError
	err   error
}

// Error returns the text of the policy, and then what the call said.
func (e *ended) Error() string { return e.GRPCStatus().Message() }

// Unwrap returns both.
func (e *ended) Unwrap() []error { return []error{e.cause, e.err} }

// GRPCStatus returns the policy's, with what the call said behind its text.
func (e *ended) GRPCStatus() *status.Status {
	p := e.cause.GRPCStatus().Proto()
	p.Message = utf8(p.GetMessage() + ": " + said(e.err))
	return status.FromProto(p)
}
