package degrade

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// StreamServerInterceptor is [UnaryServerInterceptor] for streams. The report
// on all messages together goes into the trailer, with the summary.
func StreamServerInterceptor(opts ...ServerOption) grpc.StreamServerInterceptor {
	s := newServer(opts)
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx, scope := openResponse(ss.Context(), false)
		if err := handler(srv, &serverStream{ServerStream: ss, ctx: ctx, server: s}); err != nil {
			return s.failure(err)
		}
		r := scope.Close()
		s.tell(ss.Context(), Response{Method: info.FullMethod, Unregistered: srv == nil, Report: r})
		return s.deliverAfter(ss, r)
	}
}

// deliverAfter sends the report of a stream in its trailer.
func (s *server) deliverAfter(ss grpc.ServerStream, r Report) error {
	if s.silent {
		return nil
	}
	r = s.outward(r)
	ss.SetTrailer(metadata.Pairs(SummaryKey, r.Summary()))
	if r.Complete() {
		return nil
	}
	trailer, err := r.trailer(MaxTrailerBytes)
	if err == nil {
		ss.SetTrailer(trailer)
	}
	return err
}

// serverStream carries the scope to the handler.
type serverStream struct {
	grpc.ServerStream

	ctx    context.Context //nolint:containedctx // it lives as long as the stream
	server *server
}

func (s *serverStream) Context() context.Context { return s.ctx }

// SendMsg sends a message, at the edge without what must stay inside.
func (s *serverStream) SendMsg(m any) error {
	if msg, ok := m.(proto.Message); ok && s.server.edge {
		m = s.server.prepared(msg, s.server.outward(FromResponse(msg)))
	}
	return s.ServerStream.SendMsg(m)
}
