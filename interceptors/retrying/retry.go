// Package retrying repeats failed calls of a client, by the retry interceptor of
// go-grpc-middleware. It is a package of its own, so that a program which repeats nothing
// has none of that in it:
//
//	interceptors.DialOptions(rules, retrying.WithRetry(retry.WithMax(3)))
package retrying

import (
	"context"
	"io"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// DefaultAttempts is how often [WithRetry] makes a call at most, the first time included.
const DefaultAttempts = 3

// WithRetry repeats failed calls by the retry interceptor of go-grpc-middleware. It stands
// where it has to: inside of the fallbacks, which would otherwise answer the first failure,
// and outside of the guard, which judges each attempt. Options of that package change its
// defaults, also as options of a call: [DefaultAttempts], and to repeat what
// [policy.Retriable] repeats. Who replaces the latter, by retry.WithRetriable or WithCodes,
// also decides about refusals of this guard. Of several WithRetry the last one counts.
// Without it, and without retries in gRPC's service config, nothing is repeated.
//
// Of streams, those that only the server streams are repeated, and only as long as no
// message has been received. All attempts share the time of the call; how long to wait
// between them is the backoff's business, which does not know what a server asks for.
func WithRetry(opts ...retry.CallOption) interceptors.ClientOption {
	all := append([]retry.CallOption{retry.WithMax(DefaultAttempts), retry.WithRetriable(policy.Retriable(nil))}, opts...)
	return interceptors.WithRetrier(retry.UnaryClientInterceptor(all...), streams(all))
}

// streams returns the interceptor that repeats streams.
func streams(opts []retry.CallOption) grpc.StreamClientInterceptor {
	again := retry.StreamClientInterceptor(opts...)
	return func(
		ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn,
		method string, streamer grpc.Streamer, opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		if desc.ClientStreams {
			return streamer(ctx, desc, cc, method, opts...)
		}
		inner := func(
			ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, opts ...grpc.CallOption,
		) (grpc.ClientStream, error) {
			s, err := streamer(ctx, desc, cc, method, opts...)
			if err != nil {
				return nil, err
			}
			return &attemptedStream{ClientStream: s}, nil
		}
		s, err := again(ctx, desc, cc, method, inner, opts...)
		if err != nil {
			return nil, err
		}
		return &retriedStream{s}, nil
	}
}

// attemptedStream is one attempt at a stream. What fails after a message has been received
// is not to be repeated: the caller would get that message again.
type attemptedStream struct {
	grpc.ClientStream

	received bool // guarded as RecvMsg is: one at a time
}

// RecvMsg receives a message.
func (s *attemptedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err == nil {
		s.received = true
		return nil
	}
	if s.received && err != io.EOF { //nolint:errorlint // as gRPC returns it
		return &lastError{err}
	}
	return err
}

// retriedStream is a stream as its caller has it.
type retriedStream struct{ grpc.ClientStream }

// RecvMsg receives a message.
func (s *retriedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if last, ok := err.(*lastError); ok { //nolint:errorlint // it is the outermost
		return last.error
	}
	return err
}

// lastError is an error after which a stream is not repeated, whatever says whether it is:
// the retry interceptor takes it for the stream's end.
type lastError struct{ error }

// Is reports whether target is io.EOF.
func (*lastError) Is(target error) bool { return target == io.EOF }
