package afloattest

import (
	"testing"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Serve runs a server in memory until the test ends, and returns a connection to it. Both
// are guarded by the built-in rule unless an option says otherwise. register registers the
// services, as in
//
//	func(s grpc.ServiceRegistrar) { pb.RegisterUsersServer(s, users{}) }
//
// The target of the connection is "passthrough:///NAME", see [WithName]. Where there cannot
// be a server, Serve ends the test.
func Serve(tb testing.TB, register func(grpc.ServiceRegistrar), opts ...Option) *grpc.ClientConn {
	tb.Helper()
	s := setup{name: "test", client: builtIn(tb), server: builtIn(tb)}
	for _, o := range opts {
		o.apply(&s)
	}
	server := grpc.NewServer(s.serverOptions()...)
	register(server)
	dial := append(interceptors.DialOptions(s.client, s.ofClient...), s.dial...)
	return rpctest.Serve(tb, server, s.name, dial...)
}

// builtIn returns the built-in rule.
func builtIn(tb testing.TB) policy.Resolver {
	tb.Helper()
	rules, err := interceptors.Default()
	if err != nil {
		tb.Fatal(err)
	}
	return rules
}

// Option changes what [Serve] makes.
type Option interface{ apply(*setup) }

// WithName gives the connection's target another name, by which rules may match it.
// Default: "test".
func WithName(name string) Option { return option(func(s *setup) { s.name = name }) }

// WithClientRules guards the connection by rules. Default: the built-in rule; with nil,
// nothing is refused.
func WithClientRules(rules policy.Resolver) Option {
	return option(func(s *setup) { s.client = orNone(rules) })
}

// WithServerRules guards the server by rules. Default: the built-in rule; with nil, nothing
// is refused.
func WithServerRules(rules policy.Resolver) Option {
	return option(func(s *setup) { s.server = orNone(rules) })
}

// WithClientOptions gives the connection more of afloat's options, such as
// interceptors.WithFallbacks.
func WithClientOptions(opts ...interceptors.ClientOption) Option {
	return option(func(s *setup) { s.ofClient = append(s.ofClient, opts...) })
}

// WithServerOptions gives the server more of afloat's options, such as
// interceptors.WithEdge.
func WithServerOptions(opts ...interceptors.ServerOption) Option {
	return option(func(s *setup) { s.ofServer = append(s.ofServer, opts...) })
}

// WithDialOptions gives the connection more of gRPC's options. Interceptors among them are
// inside of the guard.
func WithDialOptions(opts ...grpc.DialOption) Option {
	return option(func(s *setup) { s.dial = append(s.dial, opts...) })
}

// WithGRPCServerOptions gives the server more of gRPC's options. Interceptors among them
// are inside of the guard.
func WithGRPCServerOptions(opts ...grpc.ServerOption) Option {
	return option(func(s *setup) { s.serve = append(s.serve, opts...) })
}

// WithScript lets the server do what a script says. A server has one at most.
func WithScript(script *Script) Option { return option(func(s *setup) { s.script = script }) }

// option is an Option as a function.
type option func(*setup)

func (o option) apply(s *setup) { o(s) }

// setup is a server and a connection that are to be made.
type setup struct {
	name           string
	client, server policy.Resolver
	ofClient       []interceptors.ClientOption
	ofServer       []interceptors.ServerOption
	dial           []grpc.DialOption
	serve          []grpc.ServerOption
	script         *Script // nil: handlers do as they do
}

// serverOptions returns the options of the server. The script is the innermost: it stands
// for the handlers.
func (s *setup) serverOptions() []grpc.ServerOption {
	opts := append(interceptors.ServerOptions(s.server, s.ofServer...), grpc.WaitForHandlers(true))
	opts = append(opts, s.serve...)
	if s.script == nil {
		return opts
	}
	return append(opts, s.script.ServerOptions()...)
}

// none are rules that guard nothing.
type none struct{}

func (none) Resolve(*policy.Call) *policy.Chain { return nil }

// orNone returns the rules, or such as guard nothing in place of nil.
func orNone(rules policy.Resolver) policy.Resolver {
	if rules == nil {
		return none{}
	}
	return rules
}
