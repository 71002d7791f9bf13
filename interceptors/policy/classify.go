package policy

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/connecterror"
)

// Classifier says what the error of a finished call means. It must be safe for
// concurrent use. If it panics or returns an invalid verdict, the verdict is
// [Failure].
type Classifier func(err error) Verdict

// Classify judges an error as policies do by default:
//
//   - UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN and DATA_LOSS are failures, but
//     for what gRPC says of a message that cannot be sent, and for a peer that refused an
//     answer for the reason INCOMPLETE: both say something of one caller, and are ignored.
//   - RESOURCE_EXHAUSTED is [Shed], whoever sent it, also where gRPC says it of a message
//     that is too large: nothing but a text, which any peer can send, tells the two
//     apart. So is a peer's refusal for the reason CIRCUIT_OPEN if it is UNAVAILABLE, and
//     for the reason DEADLINE_TOO_NEAR if it is DEADLINE_EXCEEDED. With another code, no
//     reason is believed (see [ReasonOf]).
//   - CANCELLED, the caller's doing, is ignored, and so is a refusal by a policy of
//     this process, whatever its code: nobody was asked.
//   - With any other code the dependency has answered: success.
//
// See [Code] for errors that are not a gRPC status.
func Classify(err error) Verdict {
	if err == nil {
		return Success
	}
	return classify(err, Code(err))
}

// classify does what Classify does for an error that has the code.
func classify(err error, code codes.Code) Verdict {
	switch code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.Unknown, codes.DataLoss, codes.ResourceExhausted:
		return failure(err, code)
	case codes.Canceled:
		return Ignored
	default:
		return Success
	}
}

// failure reads an error with a code of failures. What it says beside the code, it says in
// its status.
func failure(err error, code codes.Code) Verdict {
	if IsRejection(err) {
		return Ignored
	}
	s, ok := StatusOf(err)
	if !ok {
		return Failure
	}
	switch reason, text := reasonIn(s), s.Message(); {
	case reason == ReasonIncomplete, isUnsendable(text):
		return Ignored
	case code == codes.ResourceExhausted, reason == ReasonCircuitOpen, reason == ReasonDeadlineTooNear,
		code == codes.Unavailable && strings.HasPrefix(text, tooManyRequests):
		return Shed
	default:
		return Failure
	}
}

// HasStatus reports whether err is or wraps a gRPC status.
func HasStatus(err error) bool {
	_, ok := statusIn(err)
	return ok
}

// StatusOf returns the gRPC status that err is or wraps, its text and details as they came.
// Of an error of connect-go, which has none, it returns what the error says as a status. It
// returns no status for any other error.
func StatusOf(err error) (s *status.Status, ok bool) {
	found, ok := statusIn(err)
	switch {
	case ok:
		return found.GRPCStatus(), true
	case isLeaf(err):
		return nil, false
	default:
		return connecterror.Status(err)
	}
}

// MessageOf returns the text of the status of err, empty if there is none. See [StatusOf].
func MessageOf(err error) string {
	if s, ok := StatusOf(err); ok {
		return s.Message()
	}
	return ""
}

// endedByContext reports whether err is what gRPC or a handler returns when a context has
// ended.
func endedByContext(err error) bool {
	code := Code(err)
	return code == codes.Canceled || code == codes.DeadlineExceeded
}

// Code returns the status code of err: that of the status it is or wraps, that of an error
// of connect-go, CANCELLED or DEADLINE_EXCEEDED for a context error, else UNKNOWN. A number
// that is no code is UNKNOWN, see [StandardCode]. Code returns OK for nil only, and does
// not allocate for a status that is not wrapped.
func Code(err error) codes.Code {
	if err == nil {
		return codes.OK
	}
	switch e := err.(type) { //nolint:errorlint // a fast path; FromError below unwraps
	case *Rejection:
		return e.Reason.Code()
	case statusError:
		if c := e.GRPCStatus().Code(); c != codes.OK {
			return StandardCode(c)
		}
	}
	if isLeaf(err) {
		return codeOfContext(err)
	}
	if e, ok := find[statusError](err); ok {
		if c := e.GRPCStatus().Code(); c != codes.OK {
			return StandardCode(c)
		}
	}
	code, ok := connecterror.Code(err)
	switch {
	case ok:
		return code
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	default:
		return codes.Unknown
	}
}

// codeOfContext returns the code of an error that wraps nothing: UNKNOWN if it is not of a
// context.
func codeOfContext(err error) codes.Code {
	switch err { //nolint:errorlint // it wraps nothing
	case context.Canceled:
		return codes.Canceled
	case context.DeadlineExceeded:
		return codes.DeadlineExceeded
	default:
		return codes.Unknown
	}
}

// StandardCode returns c if it is one of gRPC's codes, 0 to 16, else UNKNOWN. A peer
// may send any number.
func StandardCode(c codes.Code) codes.Code {
	if c > codes.Unauthenticated {
		return codes.Unknown
	}
	return c
}

// statusError is an error that is a status.
type statusError interface {
	error
	GRPCStatus() *status.Status
}

// Verdict returns the verdict of c on err. A nil c means [Classify]; a nil err
// is always a [Success].
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
