package interceptors

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// serverStream gives a handler the context of its policies and tells them of
// its messages.
type serverStream struct {
	grpc.ServerStream

	stream *stream
	// abort is the error of a policy that ended the stream at a message. The
	// client gets it whatever the handler returns.
	abort atomic.Pointer[error]
	// interrupted is set once a RecvMsg was left behind. Only the one goroutine
	// that receives uses it.
	interrupted bool
}

// Context returns the context that the policies gave the stream.
func (s *serverStream) Context() context.Context { return s.stream.ctx }

// SendMsg passes a message on.
func (s *serverStream) SendMsg(m any) error {
	if err := s.ServerStream.SendMsg(m); err != nil {
		return err
	}
	s.stream.respond()
	return s.message(policy.Sent)
}

// RecvMsg passes a message on.
func (s *serverStream) RecvMsg(m any) error {
	if err := s.receive(m); err != nil {
		return err
	}
	return s.message(policy.Received)
}

// receive waits for a message, or for the end of the context where a policy
// wants that: gRPC's own RecvMsg would not notice it. The goroutine that is
// then left behind ends with the handler.
func (s *serverStream) receive(m any) error {
	if !s.stream.admission.Wants(policy.WantsInterrupt) {
		return s.ServerStream.RecvMsg(m)
	}
	ctx := s.stream.ctx
	if s.interrupted {
		return s.stream.errOf(ctx.Err())
	}
	received := make(chan error, 1)
	go func() { received <- s.ServerStream.RecvMsg(m) }()
	select {
	case err := <-received:
		return err
	case <-ctx.Done():
		s.interrupted = true
		return s.stream.errOf(ctx.Err())
	}
}

// message tells the policies of a message. Any of them may end the stream.
func (s *serverStream) message(d policy.Direction) error {
	err := s.stream.admission.Message(d)
	if err != nil {
		s.abort.CompareAndSwap(nil, &err)
	}
	return err
}

// aborted returns the error of the policy that ended the stream, or nil.
func (s *serverStream) aborted() error {
	if err := s.abort.Load(); err != nil {
		return *err
	}
	return nil
}
