package interceptors

import (
	"context"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// sentMetadata is the metadata that a handler sends. A nil one keeps nothing.
type sentMetadata struct {
	mu                sync.Mutex // a handler that was left behind may go on
	headers, trailers metadata.MD
}

// recordMetadata returns a context in which what the handler sends by grpc.SetHeader and the
// like is kept too, if a policy or the rule of the call wants to know.
func recordMetadata(ctx context.Context, a *policy.Admission) (context.Context, *sentMetadata) {
	if !a.Wants(policy.WantsMetadata) {
		return ctx, nil
	}
	sent := new(sentMetadata)
	if t := grpc.ServerTransportStreamFromContext(ctx); t != nil {
		ctx = grpc.NewContextWithServerTransportStream(ctx, &recordingTransport{t, sent})
	}
	return ctx, sent
}

// header keeps a header that was sent if that ended without err, which it returns.
func (s *sentMetadata) header(md metadata.MD, err error) error {
	if s != nil && err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.headers = metadata.Join(s.headers, md)
	}
	return err
}

// trailer keeps a trailer.
func (s *sentMetadata) trailer(md metadata.MD) {
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.trailers = metadata.Join(s.trailers, md)
	}
}

// metadata returns what was sent so far.
func (s *sentMetadata) metadata() (header, trailer metadata.MD) {
	if s == nil {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.headers, s.trailers
}

// reply returns what was sent so far, nil if nobody wants to know.
func (s *sentMetadata) reply() *policy.Reply {
	if s == nil {
		return nil
	}
	r := new(policy.Reply)
	r.Header, r.Trailer = s.metadata()
	return r
}

// recordingTransport is gRPC's stream of a call, for a handler that sends metadata through
// its context.
type recordingTransport struct {
	grpc.ServerTransportStream

	sent *sentMetadata
}

// SetHeader passes a header on.
func (t *recordingTransport) SetHeader(md metadata.MD) error {
	return t.sent.header(md, t.ServerTransportStream.SetHeader(md))
}

// SendHeader passes a header on.
func (t *recordingTransport) SendHeader(md metadata.MD) error {
	return t.sent.header(md, t.ServerTransportStream.SendHeader(md))
}

// SetTrailer passes a trailer on.
func (t *recordingTransport) SetTrailer(md metadata.MD) error {
	err := t.ServerTransportStream.SetTrailer(md)
	if err == nil {
		t.sent.trailer(md)
	}
	return err
}
