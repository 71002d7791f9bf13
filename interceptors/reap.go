package interceptors

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// ReapAbandonedStreams ends client streams that the caller dropped without
// reading them to the end and without cancelling their context. gRPC keeps such
// a stream and its goroutines for as long as the connection lives, and without
// this option it also keeps its place in a bulkhead. Once the garbage collector
// finds the stream unreachable, the stream is cancelled, settled as ignored and
// reported to the observer as leaked.
//
// It is off by default: it costs a context per stream, and it does not work
// inside a testing/synctest bubble, because the collector runs outside the
// bubble.
func ReapAbandonedStreams() Option { return optionFunc(func(o *options) { o.reap = true }) }

// errAbandoned is the outcome of a reaped stream.
var errAbandoned = status.Error(codes.Canceled, "interceptors: the stream was dropped by its caller and has been reaped")

// reap ends a stream that has become unreachable, if it has not ended yet.
func (s *streamCall) reap(call policy.Call, observer policy.Observer, cancel context.CancelCauseFunc) {
	leaked := s.finish(policy.Outcome{Err: errAbandoned, Verdict: policy.Ignored, Decided: true})
	cancel(errAbandoned)
	if leaked && observer != nil {
		observer.Leaked(call)
	}
}
