package interceptors

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// serverStream gives a handler the context of its policies and tells them of
// its messages. Once a policy has ended the stream it answers by itself: gRPC's own
// stream may be gone then.
type serverStream struct {
	grpc.ServerStream

	stream *stream
	// over is the error of the policy that ended the stream. The client gets it
	// whatever the handler returns.
	over atomic.Pointer[error]
	// recorded is the metadata that the handler sends, nil if nobody wants to know.
	recorded *sentMetadata
}

// Context returns the context that the policies gave the stream.
func (s *serverStream) Context() context.Context { return s.stream.ctx }

// SendMsg passes a message on.
func (s *serverStream) SendMsg(m any) error {
	if err := s.ended(); err != nil {
		return err
	}
	s.stream.admission.Waiting(policy.Sent, true)
	err := s.ServerStream.SendMsg(m)
	s.stream.admission.Waiting(policy.Sent, false)
	if err != nil {
		return s.errOf(err)
	}
	s.stream.answered(m)
	s.stream.respond()
	return s.message(policy.Sent)
}

// RecvMsg passes a message on.
func (s *serverStream) RecvMsg(m any) error {
	if err := s.ended(); err != nil {
		return err
	}
	s.stream.admission.Waiting(policy.Received, true)
	err := s.ServerStream.RecvMsg(m)
	s.stream.admission.Waiting(policy.Received, false)
	if err != nil {
		return s.errOf(err)
	}
	return s.message(policy.Received)
}

// SetHeader passes a header on.
func (s *serverStream) SetHeader(md metadata.MD) error {
	if err := s.ended(); err != nil {
		return err
	}
	return s.recorded.header(md, s.ServerStream.SetHeader(md))
}

// SendHeader passes a header on.
func (s *serverStream) SendHeader(md metadata.MD) error {
	if err := s.ended(); err != nil {
		return err
	}
	return s.recorded.header(md, s.ServerStream.SendHeader(md))
}

// SetTrailer passes a trailer on, unless the stream has ended.
func (s *serverStream) SetTrailer(md metadata.MD) {
	if s.ended() == nil {
		s.ServerStream.SetTrailer(md)
		s.recorded.trailer(md)
	}
}

// errOf returns the error that the handler gets for err: why a policy ended the stream,
// if one did meanwhile.
func (s *serverStream) errOf(err error) error {
	if ended := s.ended(); ended != nil {
		return ended
	}
	return s.stream.errOf(err)
}

// message tells the policies of a message. Any of them may end the stream.
func (s *serverStream) message(d policy.Direction) error {
	err := s.stream.admission.Message(d)
	if err != nil {
		s.end(err)
	}
	return err
}

// end ends the stream for a policy. The first one's error stands.
func (s *serverStream) end(err error) { s.over.CompareAndSwap(nil, &err) }

// ended returns the error of the policy that ended the stream, or nil.
func (s *serverStream) ended() error {
	if err := s.over.Load(); err != nil {
		return *err
	}
	return nil
}

// cut returns the error of the policy that ended the stream or its context, or nil. A
// client that has gone is no policy.
func (s *serverStream) cut() error {
	if err := s.ended(); err != nil {
		return err
	}
	if s.stream.caller.Err() == nil {
		return policy.CauseOf(s.stream.ctx)
	}
	return nil
}

// markedStream is a stream that no policy guards and whose context says how much it
// matters.
type markedStream struct {
	grpc.ServerStream

	ctx context.Context //nolint:containedctx // a stream lives as long as its context
}

// Context returns that context.
func (s *markedStream) Context() context.Context { return s.ctx }
