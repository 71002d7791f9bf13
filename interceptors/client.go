package interceptors

import (
	"context"
	"runtime"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/below"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// UnaryClientInterceptor guards each unary call with the policies that r finds
// for it. [DialOptions] installs it together with its stream counterpart.
func UnaryClientInterceptor(r policy.Resolver, opts ...UnaryOption) grpc.UnaryClientInterceptor {
	o := unaryOptionsOf(opts)
	r = checked(r, o.connection.fault)
	return func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		a := policy.Begin()
		defer a.End()
		o.surroundings.at(cc)
		describe(&a.Call, ctx, method, policy.Client, policy.Unary)
		a.Call.Target = o.connection.target(cc)
		chain := clientChain(r, a, opts)
		a.Call.Criticality = criticality.Of(ctx).AtMost(chain.Criticality())
		if chain == nil {
			return below.Note(ctx, invoker(a.Call.Criticality.ToOutgoing(ctx), method, req, reply, cc, opts...))
		}
		admitted, err := chain.Admit(ctx, a)
		if err != nil {
			return below.Note(ctx, err)
		}
		admitted = a.Call.Criticality.ToOutgoing(admitted)
		if a.Wants(policy.WantsEvidence | policy.WantsMetadata) {
			return below.Note(ctx, invokeForEvidence(ctx, admitted, method, req, reply, cc, invoker, opts, a))
		}
		told := invoker(admitted, method, req, reply, cc, opts...)
		err = policy.Attribute(ctx, admitted, told)
		settle(a, reply, err, told, cc)
		return below.Note(ctx, err)
	}
}

// settle ends a call of which nothing was asked but its error. Of a call that a policy
// ended, gRPC told another.
func settle(a *policy.Admission, reply any, err, told error, cc *grpc.ClientConn) {
	if err == nil {
		settleWell(a, reply)
		return
	}
	known := evidence{conn: cc}
	a.SettleAs(policy.Outcome{Err: err, Evidence: known.of(told)})
}

// settleWell ends a call that was answered with reply.
func settleWell(a *policy.Admission, reply any) {
	if !a.Wants(policy.WantsReply) {
		a.Settle(nil)
		return
	}
	r := a.Reply()
	r.Message = reply
	a.SettleAs(policy.Outcome{Reply: r})
}

// clientChain returns the chain of a client's call, with its call options taken into
// account.
func clientChain(r policy.Resolver, a *policy.Admission, opts []grpc.CallOption) *policy.Chain {
	own := policy.OverridesOf(opts)
	a.Classifier = own.Classifier
	if own.Told != nil {
		a.Told = own.Told
	}
	switch {
	case own.Skip:
		return nil
	case own.Replace:
		return own.Chain
	default:
		return r.Resolve(&a.Call)
	}
}

// invokeForEvidence makes the call and gathers all that gRPC tells of its end, which costs
// allocations.
func invokeForEvidence(
	caller, ctx context.Context, method string, req, reply any,
	cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts []grpc.CallOption, a *policy.Admission,
) error {
	known := &evidence{conn: cc}
	told := invoker(ctx, method, req, reply, cc, known.unaryOptions(opts)...)
	err := policy.Attribute(caller, ctx, told)
	ended := policy.Outcome{Err: err, Evidence: known.of(told)}
	if a.Wants(policy.WantsReply | policy.WantsMetadata) {
		ended.Reply = a.Reply()
		*ended.Reply = policy.Reply{Message: reply, Header: known.header, Trailer: known.trailer}
	}
	a.SettleAs(ended)
	return err
}

// StreamClientInterceptor guards each stream with the policies that r finds for
// it, from its opening to its end. [DialOptions] installs it together with its
// unary counterpart.
func StreamClientInterceptor(r policy.Resolver, opts ...StreamOption) grpc.StreamClientInterceptor {
	o := streamOptionsOf(opts)
	r = checked(r, o.connection.fault)
	return func(
		ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn,
		method string, streamer grpc.Streamer, opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		o.surroundings.at(cc)
		s, guarded := newClientStream(o.reap)
		s.caller, s.evidence.conn = ctx, cc
		shape, _ := o.shapes.of(method, policy.ShapeOf(desc.ClientStreams, desc.ServerStreams))
		describe(&s.admission.Call, ctx, method, policy.Client, shape)
		s.admission.SentLater = desc.ClientStreams && shape.ServerPaced()
		s.admission.Call.Target = o.connection.target(cc)
		chain := clientChain(r, &s.admission, opts)
		mark := criticality.Of(ctx).AtMost(chain.Criticality())
		s.admission.Call.Criticality = mark
		if chain == nil {
			return unguarded(mark.ToOutgoing(ctx), desc, cc, method, streamer, opts)
		}
		// Whatever happens before the stream is handed to the caller, a panic
		// too, must not leave a permit behind.
		opened := false
		defer func() {
			if !opened {
				s.abandon()
			}
		}()
		ctx, err := chain.Admit(ctx, &s.admission)
		if err != nil {
			return nil, below.Note(ctx, err)
		}
		ctx, cancel := s.derive(mark.ToOutgoing(ctx), o.reap)
		// gRPC may call OnFinish before streamer returns, so all of s must be
		// in place by then.
		own := s.options(opts)
		inner, err := streamer(ctx, desc, cc, method, own...)
		s.admission.Waiting(policy.Received, false) // for its opening
		if err != nil {
			known := s.evidence.of(err)
			err = s.errOf(err)
			s.finish(policy.Outcome{Err: err, Evidence: known})
			return nil, below.Note(ctx, err)
		}
		opened = true
		guarded.ClientStream, guarded.stream, guarded.cancel = inner, s, cancel
		guarded.serverStreams, guarded.sentLater = desc.ServerStreams, s.admission.SentLater
		if o.reap {
			call, observer := s.admission.Call.Copy(), chain.Observer()
			runtime.AddCleanup(guarded, func(s *stream) { s.reap(&call, observer, cancel) }, s)
		}
		return below.Stream(ctx, guarded), nil
	}
}

// unguarded opens a stream that no policy guards.
func unguarded(
	ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn,
	method string, streamer grpc.Streamer, opts []grpc.CallOption,
) (grpc.ClientStream, error) {
	s, err := streamer(ctx, desc, cc, method, opts...)
	if err != nil {
		return nil, below.Note(ctx, err)
	}
	return below.Stream(ctx, s), nil
}
