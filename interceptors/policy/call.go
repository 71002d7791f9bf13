package policy

import "time"

// Call is what a policy knows of a call before it starts. It travels by value.
type Call struct {
	// Method is the full method, "/pkg.Service/Method", or the name given to [Do].
	Method string
	// Target is that of a client's connection, as it was given to grpc.NewClient,
	// else empty.
	Target string
	// Side is where the call is seen.
	Side Side
	// Kind is the shape of the call.
	Kind Kind
	// Unregistered: the server answers a method that nobody registered, so that
	// its name is whatever a client made up. It must not become a key or a label.
	Unregistered bool
	// Deadline is the caller's own, before any policy tightened it. Zero: none.
	Deadline time.Time
	// Begin is the last instant read for this call, zero if nobody has yet.
	Begin Instant
}

// Side is where a call is seen: by the client that makes it, by the server
// that answers it, or as a function under [Do].
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

// Kind is the shape of a call.
type Kind uint8

// The shapes of a call.
const (
	Unary Kind = iota
	ClientStream
	ServerStream
	BidiStream
)

// StreamKind returns the kind of a stream by which of its sides stream.
func StreamKind(clientStreams, serverStreams bool) Kind {
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

// Streams reports whether k is any kind but Unary.
func (k Kind) Streams() bool { return k != Unary }

// ServerPaced reports whether the wait for the first response is the
// dependency's alone, so that its length says how slow the dependency is: the
// client has said all it has to say. True of unary calls and server streams.
func (k Kind) ServerPaced() bool { return k == Unary || k == ServerStream }

// String returns the kind as in "client_stream".
func (k Kind) String() string {
	switch k {
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
