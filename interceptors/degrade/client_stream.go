package degrade

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
)

// StreamClientInterceptor is [UnaryClientInterceptor] for streams. Whether a
// stream is complete is known once its end has been read. Nothing is known of a
// stream that was abandoned earlier.
func StreamClientInterceptor() grpc.StreamClientInterceptor {
	return func(
		ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn,
		method string, streamer grpc.Streamer, opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		asked := askedBy(ctx, opts)
		asked.required = false
		if asked.nothing() {
			return streamer(ctx, desc, cc, method, opts...)
		}
		s, err := streamer(ctx, desc, cc, method, opts...)
		if err != nil {
			return nil, err
		}
		return &clientStream{ClientStream: s, ctx: ctx, asked: asked, single: !desc.ServerStreams}, nil
	}
}

// clientStream notices the end of a stream.
type clientStream struct {
	grpc.ClientStream

	ctx    context.Context //nolint:containedctx // that of the call: where its report goes
	asked  asked
	single bool // the first response is the end
	once   sync.Once
}

// RecvMsg receives a message and notices the end.
func (s *clientStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	switch {
	case errors.Is(err, io.EOF), err == nil && s.single:
		s.ended(nil, m)
	case err != nil:
		s.ended(err, m)
	}
	return err
}

// ended hands out the report, once.
func (s *clientStream) ended(err error, reply any) {
	s.once.Do(func() {
		if err != nil {
			s.asked.answer(s.ctx, FromError(err), true)
			return
		}
		if !s.single {
			reply = nil // at io.EOF nothing was received
		}
		header, _ := s.Header() // there already: the stream has ended
		s.asked.answer(s.ctx, reportOf(reply, header, s.Trailer()), false)
	})
}
