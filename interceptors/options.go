package interceptors

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/tap"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// ClientOption changes how [DialOptions] works.
type ClientOption interface{ applyClient(*clientOptions) }

type clientOptions struct {
	unary     []UnaryOption
	stream    []StreamOption
	fallbacks *fallback.Methods
	retrier   retrier
	name      string // of the connection
}

type clientOptionFunc func(*clientOptions)

func (f clientOptionFunc) applyClient(o *clientOptions) { f(o) }

// WithFallbacks answers failed unary calls from elsewhere, see package
// fallback. A nil c means no fallbacks.
func WithFallbacks(c *fallback.Methods) ClientOption {
	return clientOptionFunc(func(o *clientOptions) { o.fallbacks = c })
}

// UnaryOption changes how the unary calls of a client are guarded. It is a [ClientOption]
// too.
type UnaryOption interface {
	ClientOption

	applyUnary(*unaryOptions)
}

type unaryOptions struct {
	connection   connection
	surroundings surroundings
}

// unaryOptionsOf puts the options together.
func unaryOptionsOf(opts []UnaryOption) *unaryOptions {
	o := new(unaryOptions)
	for _, opt := range opts {
		opt.applyUnary(o)
	}
	return o
}

// StreamOption changes how the streams of a client are guarded. It is a [ClientOption]
// too.
type StreamOption interface {
	ClientOption

	applyStream(*streamOptions)
}

type streamOptions struct {
	connection   connection
	surroundings surroundings
	shapes       shapes
	reap         bool
}

// streamOptionsOf puts the options together.
func streamOptionsOf(opts []StreamOption) *streamOptions {
	o := new(streamOptions)
	for _, opt := range opts {
		opt.applyStream(o)
	}
	return o
}

type streamReaping struct{}

func (streamReaping) applyStream(o *streamOptions) { o.reap = true }

func (r streamReaping) applyClient(o *clientOptions) { o.stream = append(o.stream, r) }

// WithStreamReaping ends client streams that the caller dropped without
// reading them to the end and without cancelling their context. gRPC keeps such
// a stream and its goroutines for as long as the connection lives, and without
// this option it also keeps its place in a bulkhead. Once the garbage collector
// finds the stream unreachable, the stream is cancelled, settled as ignored and
// reported to the observer as leaked.
//
// It is off by default: it costs a context per stream, and it does not work
// inside a testing/synctest bubble, because the collector runs outside the
// bubble.
func WithStreamReaping() StreamOption { return streamReaping{} }

// DialOptions returns the options that guard every call of a client connection
// with the policies that r finds for it, and that read the servers' reports of
// degraded fields. It uses only the WithChain… options, so interceptors set
// with WithUnaryInterceptor or WithStreamInterceptor keep working. The options
// may be used for any number of connections; each target has its own policies, and
// so has each of several connections to one target that [WithConnectionName] names. A
// connection has them once; twice is a [misuse.GuardedTwice]. With a nil r, every call
// fails with INTERNAL.
func DialOptions(r policy.Resolver, opts ...ClientOption) []grpc.DialOption {
	var o clientOptions
	for _, opt := range opts {
		opt.applyClient(&o)
	}
	var unary []grpc.UnaryClientInterceptor
	var stream []grpc.StreamClientInterceptor
	if o.fallbacks != nil {
		unary = append(unary, o.fallbacks.Named(o.name).UnaryClientInterceptor())
	}
	if o.retrier.unary != nil {
		unary = append(unary, o.retrier.unary)
	}
	if o.retrier.stream != nil {
		stream = append(stream, o.retrier.stream)
	}
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(append(unary, degrade.UnaryClientInterceptorAround(UnaryClientInterceptor(r, o.unary...)))...),
		grpc.WithChainStreamInterceptor(append(stream, degrade.StreamClientInterceptor(), StreamClientInterceptor(r, o.stream...))...),
	}
}

// ServerOption changes how [ServerOptions] works.
type ServerOption interface{ applyServer(*serverOptions) }

type serverOptions struct {
	controls []*overload.Control
	degrade  []degrade.ServerOption
	unary    []ServerUnaryOption
	stream   []ServerStreamOption
	tap      tap.ServerInHandle // nil: there is none
}

type serverOptionFunc func(*serverOptions)

func (f serverOptionFunc) applyServer(o *serverOptions) { f(o) }

// ServerUnaryOption changes how the unary calls of a server are guarded. It is a
// [ServerOption] too.
type ServerUnaryOption interface {
	ServerOption

	applyServerUnary(*serverUnaryOptions)
}

type serverUnaryOptions struct {
	intake  intake
	control policy.Policy // nil: none
}

// serverUnaryOptionsOf puts the options together.
func serverUnaryOptionsOf(opts []ServerUnaryOption) *serverUnaryOptions {
	o := new(serverUnaryOptions)
	for _, opt := range opts {
		opt.applyServerUnary(o)
	}
	return o
}

// ServerStreamOption changes how the streams of a server are guarded. It is a
// [ServerOption] too.
type ServerStreamOption interface {
	ServerOption

	applyServerStream(*serverStreamOptions)
}

type serverStreamOptions struct {
	overruns *Overruns
	shapes   shapes
	intake   intake
	control  policy.Policy // nil: none
}

// serverStreamOptionsOf puts the options together.
func serverStreamOptionsOf(opts []ServerStreamOption) *serverStreamOptions {
	o := &serverStreamOptions{overruns: new(Overruns)}
	for _, opt := range opts {
		opt.applyServerStream(o)
	}
	return o
}

type withOverruns struct{ overruns *Overruns }

func (w withOverruns) applyServerStream(o *serverStreamOptions) { o.overruns = w.overruns }

func (w withOverruns) applyServer(o *serverOptions) { o.stream = append(o.stream, w) }

// WithOverruns counts handlers that run on after the end of their streams in o, which
// bounds them and which a shutdown can wait for. Without it, and with a nil o, each
// server has one of its own.
func WithOverruns(o *Overruns) ServerStreamOption {
	if o == nil {
		o = new(Overruns)
	}
	return withOverruns{o}
}

// WithEdge readies a server for callers outside of the trust boundary. See
// [degrade.WithEdge]. What they say of how much their calls matter counts for nothing,
// but for those of [WithTrustedCallers].
func WithEdge() ServerOption { return edgeOption{degrade.WithEdge()} }

// WithSilence readies a server for callers that must see nothing of afloat. See
// [degrade.WithSilence]. It does what [WithEdge] does besides.
func WithSilence() ServerOption { return edgeOption{degrade.WithSilence()} }

type edgeOption struct{ degrade.ServerOption }

func (e edgeOption) applyServer(o *serverOptions) {
	o.degrade = append(o.degrade, e.ServerOption)
	intakeOption(func(in *intake) { in.edge = true }).applyServer(o)
}

// WithPublicCodes replaces the codes with which a handler's own errors keep their text
// and details on a server with [WithEdge] or [WithSilence]. See [degrade.WithPublicCodes].
func WithPublicCodes(list ...codes.Code) ServerOption {
	return serverOptionFunc(func(o *serverOptions) { o.degrade = append(o.degrade, degrade.WithPublicCodes(list...)) })
}

// WithRecoveryHandler tells h of what panics on goroutines of afloat's, which a recovery
// interceptor does not see: sources of plans, steps of fallbacks, and handlers whose
// streams had been ended. See [policy.WithRecoveryHandler].
func WithRecoveryHandler(h func(ctx context.Context, p any) error) ServerOption {
	return serverOptionFunc(func(o *serverOptions) { o.degrade = append(o.degrade, degrade.WithRecoveryHandler(h)) })
}

// observed lets the observer of r, if it has one, hear of responses as well.
func observed(r policy.Resolver) []degrade.ServerOption {
	by, ok := r.(interface{ Observer() policy.Observer })
	if !ok {
		return nil
	}
	o, ok := by.Observer().(degrade.Observer)
	if !ok {
		return nil
	}
	return []degrade.ServerOption{degrade.WithObserver(o)}
}

// ServerOptions returns the options that guard every call a server answers with
// the policies that r finds for it, and that send reports of degraded fields with
// the responses. If the observer of r is also a [degrade.Observer], it hears of
// the responses. A server has them once; twice is a [misuse.GuardedTwice]. With a nil r,
// every call fails with INTERNAL, and an edge lets the reason out, since there is nothing
// else to say.
func ServerOptions(r policy.Resolver, opts ...ServerOption) []grpc.ServerOption {
	if !usable(r) {
		return []grpc.ServerOption{
			grpc.ChainUnaryInterceptor(UnaryServerInterceptor(r)),
			grpc.ChainStreamInterceptor(StreamServerInterceptor(r)),
		}
	}
	o := serverOptions{degrade: observed(r)}
	for _, opt := range opts {
		opt.applyServer(&o)
	}
	show(r, o.controls)
	return append(tapOf(r, &o),
		grpc.ChainUnaryInterceptor(degrade.UnaryServerInterceptorAround(UnaryServerInterceptor(r, o.unary...), o.degrade...)),
		grpc.ChainStreamInterceptor(degrade.StreamServerInterceptor(o.degrade...), StreamServerInterceptor(r, o.stream...)),
	)
}
