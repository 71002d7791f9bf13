package interceptors

import "google.golang.org/grpc"

// retrier repeats failed calls. Either part may be nil.
type retrier struct {
	unary  grpc.UnaryClientInterceptor
	stream grpc.StreamClientInterceptor
}

func (r retrier) applyClient(o *clientOptions) { o.retrier = r }

// WithRetrier puts interceptors that repeat failed calls where they have to stand: inside
// of the fallbacks, which would otherwise answer the first failure, and outside of the
// guard, which judges each attempt. Either may be nil: such calls are not repeated. They
// should ask policy.Retriable. Of several WithRetrier the last one counts. Package retrying
// has those of go-grpc-middleware.
func WithRetrier(unary grpc.UnaryClientInterceptor, stream grpc.StreamClientInterceptor) ClientOption {
	return retrier{unary, stream}
}
