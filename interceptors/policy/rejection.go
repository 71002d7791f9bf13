package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Rejection is the error of a refused call. It converts to a gRPC status (see
// GRPCStatus) and works with errors.Is through Err. Many calls may share it:
// treat it as read-only.
type Rejection struct { //nolint:errname // the field's word for it, and an error is only one of the things it is
	// Kind is the kind of policy that refused, as in "breaker".
	Kind string
	// Name is the policy's own name: its method, its service, its compartment.
	Name string
	// Method is the method of the refused call.
	Method string
	// Reason says why the call was refused.
	Reason Reason
	// Retry is the earliest time to try again. Zero: not known.
	Retry time.Time
	// Err is the policy's sentinel error, such as breaker.ErrOpen.
	Err error

	by *Refuser // that keeps it for further calls, nil if none does
}

// Error names what refused which method and how long to wait before trying
// again. It is always valid UTF-8: gRPC would drop the details of a status that
// is not.
func (r *Rejection) Error() string {
	msg := string(r.Reason)
	if r.Err != nil {
		msg = r.Err.Error()
	}
	msg = fmt.Sprintf("%s: %s", msg, r.Method)
	if r.Name != "" && r.Name != r.Method {
		msg = fmt.Sprintf("%s (%s)", msg, r.Name)
	}
	if wait, ok := r.wait(); ok {
		msg = fmt.Sprintf("%s, retry in %v", msg, wait.Round(time.Millisecond))
	}
	return utf8(msg)
}

// Unwrap returns Err.
func (r *Rejection) Unwrap() error { return r.Err }

// GRPCStatus returns the status of the refusal. Its details are an ErrorInfo
// (the reason, the domain "afloat", and the policy, its name and the method as
// metadata) and, if Retry is known, a RetryInfo. The status is built on each
// call, so a refusal that is never turned into one costs nothing.
func (r *Rejection) GRPCStatus() *status.Status {
	s := status.New(r.Reason.Code(), r.Error())
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{
		Reason: utf8(string(r.Reason)),
		Domain: Domain,
		Metadata: map[string]string{
			"policy": utf8(r.Kind),
			"name":   utf8(r.Name),
			"method": utf8(r.Method),
		},
	}}
	if wait, ok := r.wait(); ok {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(wait)})
	}
	detailed, err := s.WithDetails(details...)
	if err != nil {
		return s // unreachable: the code is not OK and every string is UTF-8
	}
	return detailed
}

// utf8 makes s fit for a proto string field.
func utf8(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// wait returns how long it is until Retry, never negative.
func (r *Rejection) wait() (time.Duration, bool) {
	if r.Retry.IsZero() {
		return 0, false
	}
	return max(0, time.Until(r.Retry)), true
}

// IsRejection reports whether err is or wraps a refusal by a policy of this
// process. To recognise a refusal by a peer's policy, use [ReasonOf].
func IsRejection(err error) bool {
	if _, ok := err.(*Rejection); ok { //nolint:errorlint // a fast path
		return true
	}
	if isLeaf(err) {
		return false
	}
	_, ok := find[*Rejection](err)
	return ok
}

// Retriable returns a function that tells a retry interceptor outside afloat's
// whether to try again. It returns false after a refusal by a policy of this process,
// because the next attempt would meet the same open circuit or full bulkhead, and after
// a peer's refusal for a reason that is not [Reason.Retriable]: each tier that repeats it
// multiplies the calls of the tier above.
// After any other error it returns next(err). A nil next repeats UNAVAILABLE, and
// RESOURCE_EXHAUSTED where a RetryInfo in the status says that it may help: without one it
// may be a quota that is spent for the day, or a message that is too large and would be
// sent once more. Package retrying puts it where it belongs.
func Retriable(next func(error) bool) func(error) bool {
	if next == nil {
		next = mayPass
	}
	return func(err error) bool {
		return err != nil && !IsRejection(err) && ReasonOf(err).Retriable() && next(err)
	}
}

// mayPass reports whether what failed with an error may pass soon.
func mayPass(err error) bool {
	switch Code(err) {
	case codes.Unavailable:
		return true
	case codes.ResourceExhausted:
		s, ok := find[statusError](err)
		return ok && slices.ContainsFunc(s.GRPCStatus().Details(), func(detail any) bool {
			_, isInfo := detail.(*errdetails.RetryInfo)
			return isInfo
		})
	default:
		return false
	}
}
