package timeout

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

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
	ErrDefault error = &expired{is: context.DeadlineExceeded, how: "the call outlived its default", field: "default"}
	// ErrMax: a unary call outlived Max.
	ErrMax error = &expired{is: context.DeadlineExceeded, how: "the call outlived its max", field: "max"}
	// ErrFirstMessage: no response message of a stream came within FirstMessage.
	ErrFirstMessage error = &expired{is: context.DeadlineExceeded, how: "the stream had no message in time", field: "first_message"}
	// ErrIdle: no message of a stream was sent or received for Idle.
	ErrIdle error = &expired{is: context.DeadlineExceeded, how: "the stream was idle for too long", field: "idle"}
	// ErrTotal: a stream lived for longer than Total.
	ErrTotal error = &expired{is: context.DeadlineExceeded, how: "the stream lived for too long", field: "total"}
)

// expired is the error of a call whose time was up. It is not a policy.Rejection: the
// call had started. Its text and its status say which limit was exceeded, and whose. They
// are made when somebody asks: there are many limits, and few calls outlive them.
type expired struct {
	is         error // what it is for errors.Is
	how, field string
	limit      time.Duration // 0: of no policy in particular
	owner      owner

	made atomic.Pointer[status.Status]
}

// Error returns the text of the status.
func (e *expired) Error() string { return e.GRPCStatus().Message() }

// Unwrap returns what the error is.
func (e *expired) Unwrap() error { return e.is }

// GRPCStatus returns the status of the call.
func (e *expired) GRPCStatus() *status.Status {
	if s := e.made.Load(); s != nil {
		return s
	}
	e.made.CompareAndSwap(nil, e.status())
	return e.made.Load()
}

// status makes the status.
func (e *expired) status() *status.Status {
	s := status.New(codes.DeadlineExceeded, e.text())
	detailed, err := s.WithDetails(&errdetails.ErrorInfo{
		Reason:   string(policy.ReasonTimeout),
		Domain:   policy.Domain,
		Metadata: map[string]string{"policy": kind, "limit": e.field, "name": e.owner.shown()},
	})
	if err != nil {
		return s // unreachable: the code is not OK and the strings are UTF-8
	}
	return detailed
}

// text returns the text of the status.
func (e *expired) text() string {
	switch {
	case e.limit == 0:
		return "timeout: " + e.how
	case e.owner.name == "":
		return fmt.Sprintf("timeout: %s its %s of %v", e.how, e.field, e.limit)
	default:
		return fmt.Sprintf("timeout: %s its %s's %s of %v (%s %q)", e.how, e.owner.what, e.field, e.limit, e.owner.what, e.owner.shown())
	}
}
