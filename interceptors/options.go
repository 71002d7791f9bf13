package interceptors

import (
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Option changes how the client interceptors work.
type Option interface{ apply(*options) }

type options struct {
	reap      bool
	fallbacks *fallback.Client
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

func optionsOf(opts []Option) options {
	var o options
	for _, opt := range opts {
		opt.apply(&o)
	}
	return o
}

// WithFallbacks answers failed unary calls from elsewhere, see package
// fallback. It works with [DialOptions] only; [StreamClientInterceptor] ignores
// it. A nil c means no fallbacks.
func WithFallbacks(c *fallback.Client) Option {
	return optionFunc(func(o *options) { o.fallbacks = c })
}

// DialOptions returns the options that guard every call of a client connection
// with the policies that r finds for it, and that read the servers' reports of
// degraded fields. It uses only the WithChain… options, so interceptors set
// with WithUnaryInterceptor or WithStreamInterceptor keep working. The options
// may be used for any number of connections; each target has its own policies.
// With a nil r, every call fails with INTERNAL.
func DialOptions(r policy.Resolver, opts ...Option) []grpc.DialOption {
	unary := []grpc.UnaryClientInterceptor{degrade.UnaryClientInterceptor(), UnaryClientInterceptor(r)}
	if c := optionsOf(opts).fallbacks; c != nil {
		unary = append([]grpc.UnaryClientInterceptor{c.UnaryClientInterceptor()}, unary...)
	}
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(unary...),
		grpc.WithChainStreamInterceptor(degrade.StreamClientInterceptor(), StreamClientInterceptor(r, opts...)),
	}
}

// ServerOption changes how [ServerOptions] works.
type ServerOption interface{ applyServer(*serverOptions) }

type serverOptions struct{ degrade []degrade.ServerOption }

type serverOptionFunc func(*serverOptions)

func (f serverOptionFunc) applyServer(o *serverOptions) { f(o) }

// Edge is for servers whose callers are outside the trust boundary. See
// [degrade.WithEdge].
func Edge() ServerOption {
	return serverOptionFunc(func(o *serverOptions) { o.degrade = append(o.degrade, degrade.WithEdge()) })
}

// Silent is for servers whose callers must see nothing of afloat. See
// [degrade.WithSilence].
func Silent() ServerOption {
	return serverOptionFunc(func(o *serverOptions) { o.degrade = append(o.degrade, degrade.WithSilence()) })
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
// the responses. With a nil r, every call fails with INTERNAL.
func ServerOptions(r policy.Resolver, opts ...ServerOption) []grpc.ServerOption {
	r = checked(r)
	o := serverOptions{degrade: observed(r)}
	for _, opt := range opts {
		opt.applyServer(&o)
	}
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(degrade.UnaryServerInterceptor(o.degrade...), UnaryServerInterceptor(r)),
		grpc.ChainStreamInterceptor(degrade.StreamServerInterceptor(o.degrade...), StreamServerInterceptor(r)),
	}
}
