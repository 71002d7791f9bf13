package policy

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Rejection is a policy's refusal. It is a gRPC status (see GRPCStatus), works
// with errors.Is through Err, and may be shared by many calls: treat it as
// read-only.
type Rejection struct { //nolint:errname // the field's word for it, and an error is only one of the things it is
	// Policy is the kind of policy that refused, as in "breaker".
	Policy string
	// Name is the policy's own name: its method, its service, its compartment.
	Name string
	// Method is the refused call's.
	Method string
	// Reason says why.
	Reason Reason
	// Retry is when to try again at the earliest. Zero: not known.
	Retry time.Time
	// Err is the policy's sentinel, as in breaker.ErrOpen.
	Err error
}

// Error names the policy, the reason, the method and when to try again, in
// UTF-8: in a status that is not, gRPC would drop the details.
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

// GRPCStatus returns the status of the refusal with an ErrorInfo (reason,
// domain "afloat", and as metadata the policy, its name and the method) and,
// when it is known, a RetryInfo. It is built anew at each call: a refusal
// that nobody turns into a status costs nothing.
func (r *Rejection) GRPCStatus() *status.Status {
	s := status.New(r.code(), r.Error())
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{
		Reason: utf8(string(r.Reason)),
		Domain: Domain,
		Metadata: map[string]string{
			"policy": utf8(r.Policy),
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

// code is the reason's, so never OK.
func (r *Rejection) code() codes.Code { return r.Reason.Code() }

// wait is how long it is until Retry, never negative.
func (r *Rejection) wait() (time.Duration, bool) {
	if r.Retry.IsZero() {
		return 0, false
	}
	return max(0, time.Until(r.Retry)), true
}

// IsRejection reports whether err is or wraps a refusal by a policy of this
// process. A refusal by a peer's policy is told by [ReasonOf].
func IsRejection(err error) bool {
	if _, ok := err.(*Rejection); ok { //nolint:errorlint // a fast path
		return true
	}
	_, ok := errors.AsType[*Rejection](err)
	return ok
}

// Retriable returns a function that says whether a retry interceptor outside
// the guard should try again: never after a refusal, because the next attempt
// would meet the same open circuit or full bulkhead, else as next says. A nil
// next means UNAVAILABLE and RESOURCE_EXHAUSTED. With go-grpc-middleware:
//
//	retry.UnaryClientInterceptor(retry.WithRetriable(policy.Retriable(nil)))
func Retriable(next func(error) bool) func(error) bool {
	if next == nil {
		next = func(err error) bool {
			c := Code(err)
			return c == codes.Unavailable || c == codes.ResourceExhausted
		}
	}
	return func(err error) bool {
		return err != nil && !IsRejection(err) && next(err)
	}
}
