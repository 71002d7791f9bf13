package policy

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/criticality"
)

// Call is what a policy knows of a call before it starts. The one that is asked is
// lent: it must not be kept, but a [Call.Copy] may.
type Call struct {
	// Method is the full method, "/pkg.Service/Method", or the name given to [Do].
	Method string
	// Target is the target of the client's connection, as it was given to
	// grpc.NewClient, with the connection's name behind it if it has one: connections with
	// the same Target are one to policies. See [NamedTarget]. It is empty on other sides.
	Target string
	// Side is the side on which the policy sees the call.
	Side Side
	// Shape says which of its sides stream. A call that a proxy forwards as a stream has
	// the shape that was declared for its method, if one was.
	Shape Shape
	// Unregistered: the server has no such method, so Method is whatever the
	// client made up. It must not become a key or a label.
	Unregistered bool
	// Deadline is the caller's own, before any policy tightens it. Zero: none.
	Deadline time.Time
	// Criticality is how much it matters that the call is answered, by what it carries and
	// by its rule. Who refuses only some calls refuses those first that matter least.
	Criticality criticality.Mark
	// Controlled: the call is under the overload control of its server, so bounds that are
	// there only for want of one need not hold.
	Controlled bool
	// Begin is the last instant read for this call, zero if none has been read
	// yet.
	Begin Instant

	// Context is nil when a policy is asked. A policy that sets it replaces the caller's
	// context for the rest of the call. To end a running call, it cancels that context
	// with a cause that has a GRPCStatus method; the caller then gets that cause as the
	// error.
	Context context.Context //nolint:containedctx // handed from Acquire to the adapter and kept by neither
	// Waited is how long policies have blocked the call so far, see [Call.Blocked].
	Waited time.Duration
	// Notes are facts about the call's admission, for observers. A policy adds its
	// own.
	Notes Notes

	// refusal is where the policy that is asked keeps its last rejection of calls
	// like this one. It is nil outside of a chain.
	refusal *atomic.Pointer[Rejection]
}

// Now returns Begin, or reads the clock and sets Begin if it was not read yet. It
// saves the policies of one call from reading the clock one by one.
func (c *Call) Now() Instant {
	if c.Begin == 0 {
		c.Begin = Now()
	}
	return c.Begin
}

// Copy returns the call as it is now, to be kept.
func (c *Call) Copy() Call {
	own := *c
	own.Context, own.refusal = nil, nil
	return own
}

// Blocked notes that the policy that is asked has blocked the call since an instant,
// and sets Begin to now. A policy that blocks says so also if it then refuses.
func (c *Call) Blocked(since Instant) {
	c.Begin = Now()
	c.Waited += c.Begin.Sub(since)
}

// Notes is a set of facts about how a call was admitted.
type Notes uint8

const (
	// NoteProbe says that a half-open breaker uses the call as a probe.
	NoteProbe Notes = 1 << iota
	// NoteShadowed says that a policy in shadow, which only watches, would have
	// refused the call.
	NoteShadowed
	// NoteOverridden says that an operator has overridden a policy, and that it lets the
	// call pass, or refuses it, because of that.
	NoteOverridden
)

// Has reports whether all of x are in n.
func (n Notes) Has(x Notes) bool { return n&x == x }

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

// HasSeveralResponses reports whether the server streams.
func (s Shape) HasSeveralResponses() bool { return s == ServerStream || s == BidiStream }

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
