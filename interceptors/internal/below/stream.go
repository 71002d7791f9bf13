package below

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Stream returns a stream like s whose errors are noted. It returns s itself if ctx has
// no [Record], and if its errors are noted already.
func Stream(ctx context.Context, s grpc.ClientStream) grpc.ClientStream {
	if _, noted := s.(*stream); noted {
		return s
	}
	r, ok := ctx.Value(Key{}).(*Record)
	if !ok {
		return s
	}
	return &stream{ClientStream: s, record: r}
}

// stream notes the errors of a client's stream.
type stream struct {
	grpc.ClientStream

	record *Record
}

// RecvMsg receives a message.
func (s *stream) RecvMsg(m any) error { return s.noted(s.ClientStream.RecvMsg(m)) }

// SendMsg sends a message.
func (s *stream) SendMsg(m any) error { return s.noted(s.ClientStream.SendMsg(m)) }

// CloseSend ends the sending.
func (s *stream) CloseSend() error { return s.noted(s.ClientStream.CloseSend()) }

// Header waits for the header.
func (s *stream) Header() (metadata.MD, error) {
	md, err := s.ClientStream.Header()
	return md, s.noted(err)
}

// noted returns err, of which the record hears, unless it only says that the messages
// are over.
func (s *stream) noted(err error) error {
	if err != nil && !errors.Is(err, io.EOF) {
		s.record.add(err)
	}
	return err
}
