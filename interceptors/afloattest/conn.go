package afloattest

import (
	"context"
	"io"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// Conn is a test double of a connection, for the constructors of generated clients, as in
// pb.NewUsersClient(conn). What it says of its responses arrives as a server's markers do:
// at degrade.Capture, where it is required, and in what the caller makes of them. It may be
// changed while it is used, and is safe for concurrent use. Make one with [NewConn].
type Conn struct {
	tb testing.TB

	mu      sync.Mutex
	answers map[string]answer
}

// answer is how a method is answered.
type answer struct {
	ask    func(ctx context.Context, req proto.Message) (proto.Message, error) // of unary calls
	stream []proto.Message                                                     // of streams
	report degrade.Report
}

// NewConn returns a connection that answers every method with UNIMPLEMENTED.
func NewConn(tb testing.TB) *Conn {
	tb.Helper()
	return &Conn{tb: tb, answers: map[string]answer{}}
}

// Answer sets the response of a unary method, and its markers: without any it is
// complete. A marker of a field that the response does not have ends the test.
func (c *Conn) Answer(method string, resp proto.Message, markers ...degrade.Marker) {
	c.tb.Helper()
	c.check(method, markers, resp)
	fixed := func(context.Context, proto.Message) (proto.Message, error) { return resp, nil }
	c.set(method, answer{ask: fixed, report: degrade.NewReport(markers...)})
}

// Fail sets the error of a unary method.
func (c *Conn) Fail(method string, err error) {
	c.Ask(method, func(context.Context, proto.Message) (proto.Message, error) { return nil, err })
}

// Ask sets a function that answers a unary method, whose responses are complete unless their
// own markers say otherwise.
func (c *Conn) Ask(method string, f func(ctx context.Context, req proto.Message) (proto.Message, error)) {
	c.set(method, answer{ask: f})
}

// Stream sets the messages that a stream gets, and the markers that come at its end.
func (c *Conn) Stream(method string, messages []proto.Message, markers ...degrade.Marker) {
	c.tb.Helper()
	c.check(method, markers, messages...)
	c.set(method, answer{stream: messages, report: degrade.NewReport(markers...)})
}

// check ends the test if responses do not have what is marked.
func (c *Conn) check(method string, markers []degrade.Marker, responses ...proto.Message) {
	c.tb.Helper()
	for _, resp := range responses {
		for _, m := range markers {
			if err := degrade.CheckField(m.Path, resp.ProtoReflect().Descriptor()); err != nil {
				c.tb.Fatalf("afloattest: marker of %s: %v", method, err)
			}
		}
	}
}

// set sets how a method is answered.
func (c *Conn) set(method string, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[method] = a
}

// of returns how a method is answered.
func (c *Conn) of(method string) (answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.answers[method]
	if !ok {
		return a, status.Errorf(codes.Unimplemented, "afloattest: nothing was set for %s", method)
	}
	return a, nil
}

// Invoke answers a unary call.
func (c *Conn) Invoke(ctx context.Context, method string, req, reply any, opts ...grpc.CallOption) error {
	a, err := c.of(method)
	if err != nil {
		return err
	}
	in, _ := req.(proto.Message)
	out, ok := reply.(proto.Message)
	if a.ask == nil || !ok {
		return status.Errorf(codes.Internal, "afloattest: %s was set as a stream, or has no messages", method)
	}
	if err := ctx.Err(); err != nil {
		return status.FromContextError(err).Err()
	}
	resp, err := a.ask(ctx, in)
	if err != nil {
		return err
	}
	proto.Merge(out, resp)
	report := a.report
	if !report.Known() {
		if report = degrade.FromResponse(out); !report.Known() {
			report = degrade.NewReport()
		}
	}
	degrade.SetResponse(out, report)
	return degrade.Deliver(ctx, opts, report)
}

// NewStream answers a stream.
func (c *Conn) NewStream(ctx context.Context, _ *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	a, err := c.of(method)
	if err != nil {
		return nil, err
	}
	if a.ask != nil {
		return nil, status.Errorf(codes.Internal, "afloattest: %s was set as a unary method", method)
	}
	// Nothing can be required of a stream.
	opts = slices.DeleteFunc(slices.Clone(opts), func(o grpc.CallOption) bool {
		return degrade.RequiresComplete([]grpc.CallOption{o})
	})
	return &received{ctx: ctx, opts: opts, left: a.stream, report: a.report}, nil
}

// received is a stream of messages that have been set.
type received struct {
	ctx    context.Context //nolint:containedctx // a stream has its context
	opts   []grpc.CallOption
	left   []proto.Message
	report degrade.Report
	over   bool // and the report delivered
}

// Header returns none.
func (*received) Header() (metadata.MD, error) { return metadata.MD{}, nil }

// Trailer returns none.
func (*received) Trailer() metadata.MD { return metadata.MD{} }

// CloseSend does nothing.
func (*received) CloseSend() error { return nil }

// Context returns the caller's.
func (s *received) Context() context.Context { return s.ctx }

// SendMsg takes any message.
func (s *received) SendMsg(any) error { return s.ctx.Err() }

// RecvMsg returns the next message. At the end it delivers the report.
func (s *received) RecvMsg(m any) error {
	if err := s.ctx.Err(); err != nil {
		return status.FromContextError(err).Err()
	}
	if len(s.left) == 0 {
		if !s.over {
			s.over = true
			_ = degrade.Deliver(s.ctx, s.opts, s.report) // nothing is required
		}
		return io.EOF
	}
	out, ok := m.(proto.Message)
	if !ok {
		return status.Errorf(codes.Internal, "afloattest: message = %T; must be a proto message", m)
	}
	proto.Merge(out, s.left[0])
	s.left = s.left[1:]
	return nil
}
