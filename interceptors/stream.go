package interceptors

import (
	"context"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// stream is a call that streams, on its way through its policies. Every signal that the
// stream has ended comes here, and the first one wins.
type stream struct {
	// caller is the context the stream was asked for with, ctx the one its
	// policies gave it.
	caller, ctx context.Context //nolint:containedctx // a stream lives as long as its context

	admission policy.Admission
	// evidence is gRPC's to write until it has said that a client's stream is finished.
	evidence evidence

	mu   sync.Mutex // guards what follows
	done bool
	// answer is the response of a call that has one, if somebody wants to know.
	answer any
	// watch notices the end of ctx, and cancel ends it. Either may be nil.
	watch  *watch
	cancel context.CancelCauseFunc

	// room is where the options of a client's call stand, if they are as many as usual.
	room [moreOptions + 4]grpc.CallOption
}

// options returns the options of a client's call with those that tell of its end. Nobody
// can append to them in place.
func (s *stream) options(opts []grpc.CallOption) []grpc.CallOption {
	own := s.evidence.options(s.room[:0], opts, s.admission.Wants(policy.WantsEvidence|policy.WantsMetadata))
	return slices.Clip(append(own, grpc.OnFinish(s.onFinish)))
}

// finish settles the stream, once, and reports whether this call did.
func (s *stream) finish(o policy.Outcome) bool {
	if !s.end() {
		return false
	}
	defer s.admission.Abandon() // settles the others if a settler panics
	if s.admission.SentLater && o.Err != nil && o.Answered != policy.Yes {
		o.Sent = policy.No // the request has never come
	}
	s.admission.SettleAs(s.replied(o))
	s.free()
	return true
}

// replied returns how the stream ended, with what it was answered with.
func (s *stream) replied(o policy.Outcome) policy.Outcome {
	if !s.admission.Wants(policy.WantsReply | policy.WantsMetadata) {
		return o
	}
	r := s.admission.Reply()
	if o.Reply != nil {
		*r = *o.Reply
	}
	r.Message, o.Reply = s.answer, r
	return o
}

// answered notes a message as the response, unless the stream has ended or has several.
func (s *stream) answered(m any) {
	if s.admission.Call.Shape.HasSeveralResponses() || !s.admission.Wants(policy.WantsReply) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.done {
		s.answer = m
	}
}

// end marks the stream as ended and reports whether it had not been.
func (s *stream) end() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.done
	s.done = true
	return !was
}

// unguarded returns a stream that no policy guards, for a handler with the context ctx.
func (s *stream) unguarded(ctx context.Context, ss grpc.ServerStream) grpc.ServerStream {
	if ctx == s.caller {
		return ss
	}
	return &markedStream{ss, ctx}
}

// abandon settles a stream whose opening or handler panicked.
func (s *stream) abandon() {
	if !s.end() {
		return
	}
	s.admission.Abandon()
	s.free()
}

// free frees what was made for the stream.
func (s *stream) free() {
	if s.watch != nil {
		s.watch.stop()
	}
	if s.cancel != nil {
		s.cancel(nil)
	}
}

// respond notes that a response message went by.
func (s *stream) respond() { s.note(s.admission.Respond) }

// sent notes that the request of a call that is sent later has been sent.
func (s *stream) sent() { s.note(s.admission.Sent) }

// note notes what went by in the admission, unless the stream has ended, and tells the
// policies outside the lock.
func (s *stream) note(wentBy func() (tell func())) {
	if tell := s.noted(wentBy); tell != nil {
		tell()
	}
}

func (s *stream) noted(wentBy func() (tell func())) (tell func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return nil
	}
	return wentBy()
}

// errOf returns the error that the caller gets for err: that of the policy that
// ended the stream, if one did.
func (s *stream) errOf(err error) error { return policy.Attribute(s.caller, s.ctx, err) }

// derive prepares the context of a client's stream. It can be cancelled by a policy's
// message hook or by the reaper, if there is one, and is watched for its end.
func (s *stream) derive(ctx context.Context, reap bool) (_ context.Context, cancel context.CancelCauseFunc) {
	if reap || s.admission.Wants(policy.WantsMessages) {
		ctx, cancel = context.WithCancelCause(ctx)
	}
	s.ctx = ctx
	// The context may have ended already: onContextEnd then waits for the lock
	// until all is set.
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel = cancel
	// An interceptor further in may have dropped OnFinish, and a caller that
	// cancels need not call RecvMsg again.
	s.watch = watchContext(ctx, s)
	return ctx, cancel
}

// onFinish hears gRPC's own notification of the end. Depending on how the stream
// ends, it comes more than once, early, or not at all.
func (s *stream) onFinish(err error) {
	s.evidence.reached.Store(true)
	ended := policy.Outcome{Err: s.errOf(err), Evidence: s.evidence.of(err)}
	if s.admission.Wants(policy.WantsMetadata) {
		ended.Reply = &policy.Reply{Header: s.evidence.header, Trailer: s.evidence.trailer}
	}
	s.finish(ended)
}

// finishGrace is how long gRPC has to say how a stream ended whose time is up.
const finishGrace = 100 * time.Millisecond

// onContextEnd settles the stream when the context that it runs in ends. Where time ran
// out, what the stream has shown may decide, which gRPC tells at the same time.
func (s *stream) onContextEnd() {
	ended := policy.Outcome{Err: s.errOf(status.FromContextError(s.ctx.Err()).Err())}
	if policy.EndOf(s.ctx) == codes.DeadlineExceeded {
		time.AfterFunc(finishGrace, func() { s.finish(ended) })
		return
	}
	s.finish(ended)
}

// reap ends a stream that has become unreachable, if it has not ended yet.
func (s *stream) reap(call *policy.Call, observer policy.Observer, cancel context.CancelCauseFunc) {
	leaked := s.finish(policy.Outcome{Err: errAbandoned, Verdict: policy.Ignored, Decided: true})
	cancel(errAbandoned)
	if leaked && observer != nil {
		observer.Leaked(call)
	}
}

// errAbandoned is the outcome of a reaped stream.
var errAbandoned = status.Error(codes.Canceled, "interceptors: the stream was dropped by its caller and has been reaped")
