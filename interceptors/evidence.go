package interceptors

import (
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// evidence gathers what gRPC tells of a client's call. Of a unary call it is asked only
// where a failure may decide, of a stream always: a stream may live for hours, and what
// will matter at its end is not known at its beginning.
type evidence struct {
	conn *grpc.ClientConn // nil: not gRPC's
	// What gRPC fills in at the end of the call, if asked to. Without a peer the call was
	// not sent.
	peer            peer.Peer
	header, trailer metadata.MD
	asked, complete bool // complete: for the trailer too
	// reached: gRPC has had the call. What stands between, such as an interceptor, may have
	// ended it before, or be no gRPC at all.
	reached atomic.Bool
}

// moreOptions is how many options evidence adds at most, and one for who hears of the end.
const moreOptions = 4

// options returns a copy of the options of a call that asks for evidence, in room if they
// fit there with one more. Appending in place would write into a slice that gRPC shares
// between calls.
func (e *evidence) options(room, opts []grpc.CallOption, complete bool) []grpc.CallOption {
	if len(opts)+moreOptions > cap(room) {
		room = make([]grpc.CallOption, 0, len(opts)+moreOptions)
	}
	own := append(append(room[:0], opts...), grpc.Peer(&e.peer), grpc.Header(&e.header))
	e.asked, e.complete = true, complete
	if complete {
		own = append(own, grpc.Trailer(&e.trailer))
	}
	return own
}

// unaryOptions does what options does for a unary call, of which it is to be known whether
// it has reached gRPC.
func (e *evidence) unaryOptions(opts []grpc.CallOption) []grpc.CallOption {
	return append(e.options(nil, opts, true), grpc.OnFinish(func(error) { e.reached.Store(true) }))
}

// of returns what is known of a call that ended with err. gRPC must be done with it.
func (e *evidence) of(err error) (known policy.Evidence) {
	if err == nil {
		return known
	}
	code, text := policy.Code(err), policy.MessageOf(err)
	known.Lost = code == codes.Unavailable && isLost(text)
	known.Reset = isReset(text)
	known.Planned = known.Lost && strings.Contains(text, announced)
	if code == codes.Canceled && e.state() == connectivity.Shutdown {
		known.Over = codes.Canceled // the program closed the connection under its own call
	}
	switch {
	case !e.asked || e.conn == nil:
	case e.reached.Load():
		e.add(&known, code, text)
	case code == codes.Unknown && !policy.HasStatus(err): // gRPC's errors have one
		known.Sent = policy.No
	}
	return known
}

// add adds what gRPC was asked for.
func (e *evidence) add(known *policy.Evidence, code codes.Code, text string) {
	known.Sent = policy.FactOf(e.peer.Addr != nil)
	if known.Sent == policy.No {
		state := e.state()
		known.Lost = state == connectivity.Connecting || state == connectivity.TransientFailure
		return
	}
	known.Header = len(e.header) > 0
	switch {
	case known.Header, len(e.trailer) > 0, known.Reset, isOfHTTP(text):
		known.Answered = policy.Yes
	case e.complete:
		known.Answered = policy.No
	case code == codes.Unavailable && !known.Lost: // gRPC says it of connections only
		known.Answered = policy.Yes
	}
	known.Shedding = isSheddingProxy(e.header) || isSheddingProxy(e.trailer)
	known.Pushback = pushback(e.trailer)
}

// state returns that of the connection.
func (e *evidence) state() connectivity.State {
	if e.conn == nil {
		return connectivity.Idle
	}
	return e.conn.GetState()
}

// The texts of grpc-go by which the end of a call is told apart: nothing else tells.
const (
	announced = "received prior goaway: code: NO_ERROR"
	reset     = "stream terminated by RST_STREAM"
	noTrailer = "server closed the stream without sending trailers"
	ofHTTP    = "unexpected HTTP status code received from server"
	ofContent = "transport: received unexpected content-type"
)

// isLost reports whether UNAVAILABLE with this text says that a connection broke or could
// not be made.
func isLost(text string) bool {
	for _, says := range [...]string{
		"connection error: desc = ", "error reading from server", "transport is closing", "the connection is draining",
		"the stream is rejected because server is draining the connection", "keepalive ping failed to receive ACK within timeout",
		"no active streams left to process while draining", "closing connection since the server is not reading",
	} {
		if strings.Contains(text, says) {
			return true
		}
	}
	return false
}

// isReset reports whether a stream ended without a status of the server's own.
func isReset(text string) bool {
	return strings.HasPrefix(text, reset) || strings.HasPrefix(text, noTrailer)
}

// isOfHTTP reports whether something that does not speak gRPC answered.
func isOfHTTP(text string) bool {
	return strings.HasPrefix(text, ofHTTP) || strings.Contains(text, ofContent)
}

// isSheddingProxy reports whether Envoy refused the call because there was too much to do.
func isSheddingProxy(md metadata.MD) bool {
	return len(md.Get("x-envoy-overloaded")) > 0 || len(md.Get("x-envoy-ratelimited")) > 0
}
