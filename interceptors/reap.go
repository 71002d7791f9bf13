package interceptors

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// ReapAbandonedStreams ends client streams that their caller dropped without
// reading them to their end and without cancelling their context. gRPC keeps
// such a stream, its goroutines and, without this option, its place in a
// bulkhead for as long as the connection lives. Once the garbage collector
// finds that nobody holds the stream any more, it is cancelled, settled as
// ignored and reported to the observer as leaked.
//
// It is off by default: it costs a context per stream, and it cannot work
// inside a testing/synctest bubble, because the collector runs outside.
func ReapAbandonedStreams() Option { return optionFunc(func(o *options) { o.reap = true }) }

// errAbandoned is the outcome of a reaped stream.
var errAbandoned = status.Error(codes.Canceled, "interceptors: the stream was dropped by its caller and has been reaped")

// reap ends a stream that nobody can reach any more, if it has not ended.
func (s *streamCall) reap(call policy.Call, observer policy.Observer, cancel context.CancelCauseFunc) {
	leaked := s.finish(policy.Outcome{Err: errAbandoned, Verdict: policy.Ignored, Decided: true})
	cancel(errAbandoned)
	if leaked && observer != nil {
		observer.Leaked(call)
	}
}
