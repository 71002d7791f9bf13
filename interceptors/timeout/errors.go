package timeout

import (
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// The errors of streams that ran out of time. Each is a DEADLINE_EXCEEDED with
// an ErrorInfo of reason TIMEOUT.
var (
	// ErrFirstMessage: no response message came within FirstMessage.
	ErrFirstMessage = expired("timeout: the stream had no message in time")
	// ErrIdle: no message was sent or received for Idle.
	ErrIdle = expired("timeout: the stream was idle for too long")
	// ErrTotal: the stream lived for longer than Total.
	ErrTotal = expired("timeout: the stream lived for too long")
)

// expired makes the error of a stream that ran out of time. It is not a
// policy.Rejection: the call had started, so the dependency is responsible.
func expired(message string) error {
	s := status.New(codes.DeadlineExceeded, message)
	detailed, err := s.WithDetails(&errdetails.ErrorInfo{
		Reason: string(policy.ReasonTimeout),
		Domain: policy.Domain,
	})
	if err != nil {
		return s.Err() // unreachable: the code is not OK and the strings are UTF-8
	}
	return detailed.Err()
}
