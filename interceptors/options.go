package interceptors

import (
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Option changes how the client interceptors work.
type Option interface{ apply(*options) }

type options struct{ reap bool }

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

func optionsOf(opts []Option) options {
	var o options
	for _, opt := range opts {
		opt.apply(&o)
	}
	return o
}

// DialOptions guards every call of a client connection by the policies that r
// finds for it. It uses only the WithChain… options, so interceptors that the
// client sets by WithUnaryInterceptor or WithStreamInterceptor stay. It may be
// used for any number of connections; each target has policies of its own. A
// nil r fails every call with INTERNAL.
func DialOptions(r policy.Resolver, opts ...Option) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(UnaryClientInterceptor(r)),
		grpc.WithChainStreamInterceptor(StreamClientInterceptor(r, opts...)),
	}
}

// ServerOptions guards every call that a server answers by the policies that r
// finds for it. A nil r fails every call with INTERNAL.
func ServerOptions(r policy.Resolver) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(UnaryServerInterceptor(r)),
		grpc.ChainStreamInterceptor(StreamServerInterceptor(r)),
	}
}
