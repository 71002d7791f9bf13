package policy

import "time"

// Call is what a policy knows of a call before it starts. It is passed by
// value.
type Call struct {
	// Method is the full method, "/pkg.Service/Method", or the name given to [Do].
	Method string
	// Target is the target of the client's connection, as it was given to
	// grpc.NewClient. It is empty on other sides.
	Target string
	// Side is the side on which the policy sees the call.
	Side Side
	// Shape says which of its sides stream.
	Shape Shape
	// Unregistered: the server has no such method, so Method is whatever the
	// client made up. It must not become a key or a label.
	Unregistered bool
	// Deadline is the caller's own, before any policy tightens it. Zero: none.
	Deadline time.Time
	// Begin is the last instant read for this call, zero if none has been read
	// yet.
	Begin Instant
}

// Side is where a call is seen: in the client that makes it, in the server that
// answers it, or in a function under [Do].
type Side uint8

// The sides of a call.
const (
	Client Side = iota
	Server
	Local
)

// String returns "client", "server" or "local".
func (s Side) String() string {
	switch s {
	case Client:
		return "client"
	case Server:
		return "server"
	case Local:
		return "local"
	default:
		return "unknown"
	}
}

// Shape says which sides of a call stream.
type Shape uint8

// The shapes of a call.
const (
	Unary Shape = iota
	ClientStream
	ServerStream
	BidiStream
)

// ShapeOf returns the shape of a call whose client or server streams, or both.
func ShapeOf(clientStreams, serverStreams bool) Shape {
	switch {
	case clientStreams && serverStreams:
		return BidiStream
	case clientStreams:
		return ClientStream
	case serverStreams:
		return ServerStream
	default:
		return Unary
	}
}

// Streams reports whether s is any shape but Unary.
func (s Shape) Streams() bool { return s != Unary }

// ServerPaced reports whether the wait for the first response depends on the
// dependency alone, because the client has already sent everything. The wait
// then tells how slow the dependency is. It is true for unary calls and server
// streams.
func (s Shape) ServerPaced() bool { return s == Unary || s == ServerStream }

// String returns the shape's name, such as "client_stream".
func (s Shape) String() string {
	switch s {
	case Unary:
		return "unary"
	case ClientStream:
		return "client_stream"
	case ServerStream:
		return "server_stream"
	case BidiStream:
		return "bidi_stream"
	default:
		return "unknown"
	}
}
