package interceptors

import (
	"context"
	"errors"
	"io"
	"runtime"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// clientStream watches a client's stream for its end. The stream must not
// point back at it: the reaper waits for it to become unreachable. Hence too
// the KeepAlive in each method, without which a stream could be reaped while
// its last call still blocks.
type clientStream struct {
	grpc.ClientStream

	stream *stream
	// cancel ends the stream. It is nil when no policy wants messages.
	cancel        context.CancelCauseFunc
	serverStreams bool
	// sentLater: the request, the only one, comes some time after the stream was opened.
	sentLater bool
}

// newClientStream returns a stream and what watches it, in one piece of memory. What is to
// be reaped has a piece of its own, since it is what becomes unreachable.
func newClientStream(reap bool) (*stream, *clientStream) {
	if reap {
		return new(stream), new(clientStream)
	}
	both := new(struct {
		stream stream
		client clientStream
	})
	return &both.stream, &both.client
}

// RecvMsg passes a message on. Its error ends the stream, as does its first
// message where the server sends only one.
func (c *clientStream) RecvMsg(m any) error {
	defer runtime.KeepAlive(c)
	c.stream.admission.Waiting(policy.Received, true)
	if !c.serverStreams {
		c.stream.answered(m) // gRPC says that the call is over before it returns the message
	}
	err := c.ClientStream.RecvMsg(m)
	c.stream.admission.Waiting(policy.Received, false)
	switch {
	case errors.Is(err, io.EOF):
		c.finish(nil)
		return err
	case err != nil:
		err = c.stream.errOf(err)
		c.finish(err)
		return err
	case !c.serverStreams:
		c.finish(nil)
		return nil
	default:
		c.sent()
		c.stream.answered(m)
		c.stream.respond()
		return c.message(policy.Received)
	}
}

// SendMsg passes a message on. io.EOF is not the end: it says that RecvMsg will
// return the actual error.
func (c *clientStream) SendMsg(m any) error {
	defer runtime.KeepAlive(c)
	c.stream.admission.Waiting(policy.Sent, true)
	err := c.ClientStream.SendMsg(m)
	c.stream.admission.Waiting(policy.Sent, false)
	switch {
	case errors.Is(err, io.EOF):
		return err
	case err != nil:
		err = c.stream.errOf(err)
		c.finish(err)
		return err
	default:
		c.sent()
		return c.message(policy.Sent)
	}
}

// Header passes the header on. Its error ends the stream.
func (c *clientStream) Header() (metadata.MD, error) {
	defer runtime.KeepAlive(c)
	c.stream.admission.Waiting(policy.Received, true)
	md, err := c.ClientStream.Header()
	c.stream.admission.Waiting(policy.Received, false)
	if err != nil {
		err = c.stream.errOf(err)
		c.finish(err)
	}
	return md, err
}

// CloseSend passes the end of sending on.
func (c *clientStream) CloseSend() error {
	defer runtime.KeepAlive(c)
	err := c.ClientStream.CloseSend()
	c.sent()
	return err
}

// sent notes that the request has been sent, or that an answer shows as much.
func (c *clientStream) sent() {
	if c.sentLater {
		c.stream.sent()
	}
}

// message tells the policies of a message. Any of them may end the stream.
func (c *clientStream) message(d policy.Direction) error {
	err := c.stream.admission.Message(d)
	if err != nil {
		c.cancel(err)
		c.finish(err)
	}
	return err
}

func (c *clientStream) finish(err error) { c.stream.finish(policy.Outcome{Err: err}) }
