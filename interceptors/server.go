package interceptors

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// UnaryServerInterceptor guards each unary call that the server answers with
// the policies that r finds for it. [ServerOptions] installs it together with
// its stream counterpart.
func UnaryServerInterceptor(r policy.Resolver, opts ...ServerUnaryOption) grpc.UnaryServerInterceptor {
	r = checked(r, nil)
	o := serverUnaryOptionsOf(opts)
	around := new(surroundings)
	return func(caller context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		around.atServer(info.FullMethod)
		a := policy.Begin()
		defer a.End()
		describe(&a.Call, caller, info.FullMethod, policy.Server, policy.Unary)
		chain := r.Resolve(&a.Call)
		marked := o.intake.take(caller, &a.Call, chain)
		if chain == nil {
			resp, err := handler(marked, req)
			return resp, pushBack(caller, err)
		}
		a.Control = o.control
		ctx, err := chain.Admit(marked, a)
		if err != nil {
			return nil, pushBack(caller, err)
		}
		if a.Wants(policy.WantsReply | policy.WantsMetadata) {
			return handleForReply(caller, ctx, req, handler, a)
		}
		resp, err := handler(ctx, req)
		err = policy.Attribute(caller, ctx, err)
		a.Settle(err)
		return resp, pushBack(caller, err)
	}
}

// handleForReply lets the handler answer, and notes what it answers with.
func handleForReply(caller, ctx context.Context, req any, handler grpc.UnaryHandler, a *policy.Admission) (any, error) {
	ctx, sent := recordMetadata(ctx, a)
	resp, err := handler(ctx, req)
	err = policy.Attribute(caller, ctx, err)
	r := a.Reply()
	r.Message = resp
	r.Header, r.Trailer = sent.metadata()
	a.SettleAs(policy.Outcome{Err: err, Reply: r})
	return resp, pushBack(caller, err)
}

// StreamServerInterceptor guards each stream that the server answers with the
// policies that r finds for it. [ServerOptions] installs it together with its
// unary counterpart.
//
// A stream that a policy ends, such as a timeout, ends for the client at that instant,
// and whatever its handler returns later does not count. The handler runs on until it
// notices: its context has ended, and every method of the stream returns the error. See
// [Overruns]. Interceptors between this one and gRPC may then see a call of their
// stream's methods that began before its end return after it.
func StreamServerInterceptor(r policy.Resolver, opts ...ServerStreamOption) grpc.StreamServerInterceptor {
	r = checked(r, nil)
	o := serverStreamOptionsOf(opts)
	around := new(surroundings)
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		around.atServer(info.FullMethod)
		ctx := ss.Context()
		s := &stream{caller: ctx}
		shape, declared := o.shapes.of(info.FullMethod, policy.ShapeOf(info.IsClientStream, info.IsServerStream))
		describe(&s.admission.Call, ctx, info.FullMethod, policy.Server, shape)
		// gRPC hands a nil srv to the handler of unknown services.
		s.admission.Call.Unregistered = srv == nil && !declared
		chain := r.Resolve(&s.admission.Call)
		ctx = o.intake.take(ctx, &s.admission.Call, chain)
		if chain == nil {
			return pushBackStream(ss, handler(srv, s.unguarded(ctx, ss)))
		}
		s.admission.Control = o.control
		defer s.abandon()
		ctx, err := chain.Admit(ctx, &s.admission)
		if err != nil {
			return pushBackStream(ss, err)
		}
		guarded := &serverStream{ServerStream: ss, stream: s}
		s.ctx, guarded.recorded = recordMetadata(ctx, &s.admission)
		if err := serve(srv, guarded, handler, chain.Observer(), o.overruns); err != nil {
			err = s.errOf(err)
			s.finish(policy.Outcome{Err: err, Reply: guarded.recorded.reply()})
			return pushBackStream(ss, err)
		}
		s.finish(policy.Outcome{Reply: guarded.recorded.reply()})
		return nil
	}
}

// serve runs a handler and returns the error for the client. A stream that no policy
// ends costs no goroutine.
func serve(srv any, s *serverStream, handler grpc.StreamHandler, observer policy.Observer, overruns *Overruns) error {
	a := &s.stream.admission
	if !a.Wants(policy.WantsInterrupt) {
		err := handler(srv, s)
		if cut := s.cut(); cut != nil {
			return cut
		}
		return err
	}
	if overruns.full() {
		err := overrunsRefuser.Refuse(&a.Call, "", time.Time{})
		a.Refuse(err)
		return err
	}
	h := handling{stream: s, observer: observer, overruns: overruns}
	return h.handle(srv, handler)
}
