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

// WithFallbacks has unary calls that fail answered from elsewhere, see package
// fallback. It is for [DialOptions] only. A nil c has no fallbacks.
func WithFallbacks(c *fallback.Client) Option {
	return optionFunc(func(o *options) { o.fallbacks = c })
}

// DialOptions guards every call of a client connection by the policies that r
// finds for it, and reads what servers say of degraded fields. It uses only the
// WithChain… options, so interceptors that the client sets by
// WithUnaryInterceptor or WithStreamInterceptor stay. It may be used for any
// number of connections; each target has policies of its own. A nil r fails
// every call with INTERNAL.
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

// Edge is for servers whose callers are outside the trust boundary, see
// [degrade.Edge].
func Edge() ServerOption {
	return serverOptionFunc(func(o *serverOptions) { o.degrade = append(o.degrade, degrade.Edge()) })
}

// Silent is for servers whose callers are to see nothing of afloat, see
// [degrade.Silent].
func Silent() ServerOption {
	return serverOptionFunc(func(o *serverOptions) { o.degrade = append(o.degrade, degrade.Silent()) })
}

// observed has the observer of r, if it has one, hear of responses as well.
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

// ServerOptions guards every call that a server answers by the policies that r
// finds for it, and sends along what is degraded in the responses. An observer of
// r that is a [degrade.Observer] too hears of the responses. A nil r fails every
// call with INTERNAL.
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
