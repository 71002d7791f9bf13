package timeout

import (
	"context"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// The errors of calls that ran out of the time that a timeout gave them. Each is a
// DEADLINE_EXCEEDED with an ErrorInfo of reason TIMEOUT, and a [context.DeadlineExceeded]
// for errors.Is. The error of a call is one of them for errors.Is; its text names the
// limit and whose it was.
var (
	// ErrDefault: a unary call whose caller set no deadline outlived Default.
	ErrDefault = expire(context.DeadlineExceeded, "timeout: the call outlived its default", "default", "")
	// ErrMax: a unary call outlived Max.
	ErrMax = expire(context.DeadlineExceeded, "timeout: the call outlived its max", "max", "")
	// ErrFirstMessage: no response message of a stream came within FirstMessage.
	ErrFirstMessage = expire(context.DeadlineExceeded, "timeout: the stream had no message in time", "first_message", "")
	// ErrIdle: no message of a stream was sent or received for Idle.
	ErrIdle = expire(context.DeadlineExceeded, "timeout: the stream was idle for too long", "idle", "")
	// ErrTotal: a stream lived for longer than Total.
	ErrTotal = expire(context.DeadlineExceeded, "timeout: the stream lived for too long", "total", "")
)

// expired is the error of a call whose time was up. It is not a policy.Rejection: the
// call had started.
type expired struct {
	status *status.Status
	is     error // what it is for errors.Is
}

// expire makes an error whose text and details say which limit was exceeded, and whose.
func expire(is error, text, limit, name string) error {
	s := status.New(codes.DeadlineExceeded, text)
	detailed, err := s.WithDetails(&errdetails.ErrorInfo{
		Reason:   string(policy.ReasonTimeout),
		Domain:   policy.Domain,
		Metadata: map[string]string{"policy": kind, "limit": limit, "name": name},
	})
	if err != nil {
		detailed = s // unreachable: the code is not OK and the strings are UTF-8
	}
	return &expired{detailed, is}
}

// Error returns the text of the status.
func (e *expired) Error() string { return e.status.Message() }

// Unwrap returns what the error is.
func (e *expired) Unwrap() error { return e.is }

// GRPCStatus returns the status of the call.
func (e *expired) GRPCStatus() *status.Status { return e.status }
