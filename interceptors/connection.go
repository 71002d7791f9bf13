package interceptors

import (
	"fmt"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// connection tells the connections of a client apart.
type connection struct {
	name string
	// fault is the error of all calls if the name is not allowed.
	fault error
	// last is the target of the last call, so that a name costs a call nothing.
	last atomic.Pointer[namedTarget]
}

// namedTarget is a target, and what it is with the connection's name.
type namedTarget struct{ target, named string }

// ConnectionOption is a [UnaryOption] and a [StreamOption], for both kinds of calls of a
// connection.
type ConnectionOption interface {
	UnaryOption
	StreamOption
}

type connectionName string

func (n connectionName) applyUnary(o *unaryOptions) { o.connection.rename(string(n)) }

func (n connectionName) applyStream(o *streamOptions) { o.connection.rename(string(n)) }

func (n connectionName) applyClient(o *clientOptions) {
	o.unary, o.stream, o.name = append(o.unary, n), append(o.stream, n), string(n)
}

// WithConnectionName names a connection, to tell it from others with the same target: to
// replicas that only a dialer tells apart, to servers in this process, with other
// credentials. Without it, connections with the same target share circuits, places, rates
// and last good responses. The calls of a named connection have the Target
// "target#name", see [policy.NamedTarget]: rules for that target are for this connection
// alone, and those for the target itself also apply to it. The name is constant: 1 to 64
// characters of printable ASCII without spaces and "#". With another, every call fails
// with INTERNAL.
func WithConnectionName(name string) ConnectionOption { return connectionName(name) }

// rename gives the connection a name.
func (c *connection) rename(name string) {
	c.fault = checkConnectionName(name)
	if c.fault == nil {
		c.name = name
	}
}

// target returns the target of calls on the connection.
func (c *connection) target(cc *grpc.ClientConn) string {
	if c.name != "" {
		return c.namedTarget(cc)
	}
	if cc == nil { // a channel that is not gRPC's own
		return ""
	}
	return cc.Target()
}

// namedTarget returns the target of calls on a connection that has a name.
func (c *connection) namedTarget(cc *grpc.ClientConn) string {
	target := ""
	if cc != nil {
		target = cc.Target()
	}
	if last := c.last.Load(); last != nil && last.target == target {
		return last.named
	}
	named := policy.NamedTarget(target, c.name)
	c.last.Store(&namedTarget{target, named})
	return named
}

// maxConnectionName is how long a connection's name may be.
const maxConnectionName = 64

// checkConnectionName returns the error of all calls on a connection whose name is not
// allowed, nil if it is.
func checkConnectionName(name string) error {
	problem := ""
	if err := names.Check(name); err != nil {
		problem = err.Error() + "; "
	}
	if problem == "" && name != "" && len(name) <= maxConnectionName && !strings.Contains(name, "#") {
		return nil
	}
	return status.Error(codes.Internal, fmt.Sprintf("interceptors: connection name = %q; %smust be 1 to %d characters of %s and #",
		excerpt.Within(name, maxConnectionName), problem, maxConnectionName, names.Allowed))
}
