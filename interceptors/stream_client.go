package interceptors

import (
	"context"
	"runtime"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// StreamClientInterceptor guards each stream with the policies that r finds for
// it, from its opening to its end. [DialOptions] installs it together with its
// unary counterpart.
func StreamClientInterceptor(r policy.Resolver, opts ...Option) grpc.StreamClientInterceptor {
	r = checked(r)
	o := optionsOf(opts)
	return func(
		ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn,
		method string, streamer grpc.Streamer, opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		own := policy.OverridesOf(opts)
		call := clientCall(ctx, method, cc, policy.ShapeOf(desc.ClientStreams, desc.ServerStreams))
		chain := clientChain(r, call, own)
		if chain == nil {
			return streamer(ctx, desc, cc, method, opts...)
		}
		s := &streamCall{caller: ctx}
		// Whatever happens before the stream is handed to the caller, a panic
		// too, must not leave a permit behind.
		opened := false
		defer func() {
			if !opened {
				s.abandon()
			}
		}()
		s.admission.Classify(own.Classifier)
		ctx, err := chain.Admit(ctx, call, &s.admission)
		if err != nil {
			return nil, err
		}
		ctx, cancel := s.derive(ctx, o.reap)
		// gRPC may call OnFinish before streamer returns, so all of s must be
		// in place by then.
		stream, err := streamer(ctx, desc, cc, method, withOption(opts, grpc.OnFinish(s.onFinish))...)
		if err != nil {
			err = s.errOf(err)
			s.finish(policy.Outcome{Err: err})
			return nil, err
		}
		opened = true
		guarded := &clientStream{ClientStream: stream, call: s, cancel: cancel, serverStreams: desc.ServerStreams}
		if o.reap {
			observer := chain.Observer()
			runtime.AddCleanup(guarded, func(s *streamCall) { s.reap(call, observer, cancel) }, s)
		}
		return guarded, nil
	}
}

// derive prepares the context of the stream. It can be cancelled by a policy's
// message hook or by the reaper, if there is one, and is watched for its end.
func (s *streamCall) derive(ctx context.Context, reap bool) (_ context.Context, cancel context.CancelCauseFunc) {
	if reap || s.admission.Wants(policy.WantsMessages) {
		ctx, cancel = context.WithCancelCause(ctx)
	}
	s.ctx = ctx
	// The context may have ended already: onContextEnd then waits for the lock
	// until release is set.
	s.mu.Lock()
	defer s.mu.Unlock()
	// An interceptor further in may have dropped OnFinish, and a caller that
	// cancels need not call RecvMsg again.
	stop := context.AfterFunc(ctx, s.onContextEnd)
	s.release = func() {
		stop()
		if cancel != nil {
			cancel(nil)
		}
	}
	return ctx, cancel
}

// onFinish is gRPC's own notification of the end. Depending on how the stream
// ends, it comes more than once, early, or not at all.
func (s *streamCall) onFinish(err error) {
	s.finish(policy.Outcome{Err: s.errOf(err)})
}

// onContextEnd is called when the context that the stream runs in ends.
func (s *streamCall) onContextEnd() {
	s.finish(policy.Outcome{Err: s.errOf(status.FromContextError(s.ctx.Err()).Err())})
}
