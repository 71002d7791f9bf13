package interceptors

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/tap"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// WithOverloadTap refuses calls before their requests are read that the server's control
// would refuse anyway, see [WithOverloadControl]: a request that is not read costs neither
// memory nor decoding, and a client stops sending it. It is for servers with large requests,
// and where refusing costs much of what calls cost. Without that control it does nothing.
//
// It only looks, and takes no place. So the lowest classes are refused first, calls that the
// rules leave unguarded or exempt never, nor those of a method of which there has been no
// call yet; who is let through may still be refused. A refusal counts as any other, for
// observers, metrics and snapshots.
//
// It is gRPC's tap handle, of which a server has one: pass your own as next, which is asked
// about the calls that are not refused, and do not use grpc.InTapHandle besides. Nil: there
// is none. Keep next fast, since it holds up its connection.
//
// The client gets RESOURCE_EXHAUSTED with ErrorInfo and RetryInfo, as an edge lets them out.
// What gRPC sends from a tap has no metadata: grpc-retry-pushback-ms is not among it, and
// stats handlers and interceptors, on the server, do not see the call.
func WithOverloadTap(next tap.ServerInHandle) ServerOption {
	if next == nil {
		next = func(ctx context.Context, _ *tap.Info) (context.Context, error) { return ctx, nil }
	}
	return serverOptionFunc(func(o *serverOptions) { o.tap = next })
}

// finder finds the chain of a call like one that was resolved before, as rules do.
type finder interface {
	Find(call *policy.Call) *policy.Chain
}

// look refuses calls before their requests are read.
type look struct {
	chains  finder
	control *overload.Control
	intake  intake
	// public makes of an error what callers get.
	public grpc.UnaryServerInterceptor
	next   tap.ServerInHandle
}

// tapOf returns the options for the tap of a server, none if it has none.
func tapOf(r policy.Resolver, o *serverOptions) []grpc.ServerOption {
	if o.tap == nil {
		return nil
	}
	chains, ok := r.(finder)
	if !ok || len(o.controls) == 0 {
		return []grpc.ServerOption{grpc.InTapHandle(o.tap)}
	}
	l := &look{
		chains: chains, control: o.controls[0], intake: serverUnaryOptionsOf(o.unary).intake,
		public: degrade.UnaryServerInterceptor(o.degrade...), next: o.tap,
	}
	return []grpc.ServerOption{grpc.InTapHandle(l.handle)}
}

// handle implements tap.ServerInHandle.
func (l *look) handle(ctx context.Context, info *tap.Info) (context.Context, error) {
	if l.control.Strained() {
		if err := l.refusal(ctx, info.FullMethodName); err != nil {
			return ctx, err
		}
	}
	return l.next(ctx, info)
}

// refusal returns the error of a call that would be refused, nil if it would not.
func (l *look) refusal(ctx context.Context, method string) error {
	var call policy.Call
	describe(&call, ctx, method, policy.Server, policy.Unary)
	chain := l.chains.Find(&call)
	if chain == nil || chain.Controls() {
		return nil
	}
	call.Criticality = l.intake.markOf(ctx, chain)
	err := l.control.Look(&call)
	if err == nil {
		return nil
	}
	if o := chain.Observer(); o != nil {
		o.Rejected(ctx, &call, policy.Rejected{Err: err})
	}
	_, err = l.public(ctx, nil, &grpc.UnaryServerInfo{FullMethod: method}, func(context.Context, any) (any, error) { return nil, err })
	return err
}
