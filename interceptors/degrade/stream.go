package degrade

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// clientStream notices the end of a stream.
type clientStream struct {
	grpc.ClientStream

	wants  wishes
	single bool // the first response is the end
	once   sync.Once
}

// RecvMsg receives a message and notices the end.
func (s *clientStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	switch {
	case errors.Is(err, io.EOF), err == nil && s.single:
		s.ended(m)
	case err != nil:
		return s.failed(err)
	}
	return err
}

// failed hands out what the error of the stream says, once, and returns the error that the
// caller gets.
func (s *clientStream) failed(err error) error {
	told := s.wants
	told.captures = nil
	s.once.Do(func() { told = s.wants })
	return told.failed(err)
}

// ended hands out the report, once.
func (s *clientStream) ended(reply any) {
	s.once.Do(func() {
		if !s.single {
			reply = nil // at io.EOF nothing was received
		}
		header, _ := s.Header() // there already: the stream has ended
		s.wants.answered(s.wants.reading().reply(reply, header, s.Trailer()), false)
	})
}

// serverStream is a stream as its handler has it.
type serverStream struct {
	grpc.ServerStream

	request *request
	// sent is the type of the messages, nil if none has been sent. It is guarded as SendMsg
	// is, of which there is one at a time, and read when the handler has returned.
	sent protoreflect.MessageDescriptor
}

// Context returns a context that leads to the scope.
func (s *serverStream) Context() context.Context { return s.request }

// SetHeader adds to the header, except what is for one hop.
func (s *serverStream) SetHeader(md metadata.MD) error {
	return s.ServerStream.SetHeader(s.request.server.edge.metadata(md))
}

// SendHeader sends the header, without what is for one hop.
func (s *serverStream) SendHeader(md metadata.MD) error {
	return s.ServerStream.SendHeader(s.request.server.edge.metadata(md))
}

// SetTrailer adds to the trailer, except what is for one hop.
func (s *serverStream) SetTrailer(md metadata.MD) {
	s.ServerStream.SetTrailer(s.request.server.edge.metadata(md))
}

// SendMsg sends a message, at the edge without what must stay inside, and with no more
// markers than there may be.
func (s *serverStream) SendMsg(m any) error {
	server := s.request.server
	if msg, ok := m.(proto.Message); ok {
		s.sent = msg.ProtoReflect().Descriptor()
		if server.edge != nil || overfull(msg) {
			m = server.prepared(msg, server.edge.report(FromResponse(msg)))
		}
	}
	return s.ServerStream.SendMsg(m)
}
