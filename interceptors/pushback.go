package interceptors

import (
	"context"
	"errors"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// pushbackKey is how a server asks clients to wait before they retry, or not to retry at
// all. gRPC's own retries obey it. See gRFC A6.
const pushbackKey = "grpc-retry-pushback-ms"

// pushback returns the wait that a trailer asks for, zero if it asks for none. A
// negative or malformed value means "do not retry", which is no wait.
func pushback(trailer metadata.MD) time.Duration {
	values := trailer.Get(pushbackKey)
	if len(values) != 1 {
		return 0
	}
	ms, err := strconv.ParseInt(values[0], 10, 32)
	if err != nil || ms < 0 {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// noRetry is the pushback that forbids to repeat a call.
const noRetry = -1

// pushbackOf returns the pushback in milliseconds of a call that a server ends with err,
// and whether there is one: only refusals have one, by the server's guard, by that of a
// call which the handler made, or by a server further on. It forbids to repeat what would
// be refused again, and else tells when to repeat if that is known.
func pushbackOf(err error) (ms int64, ok bool) {
	if err == nil {
		return 0, false
	}
	if !policy.ReasonOf(err).Retriable() {
		return noRetry, true
	}
	r, refused := errors.AsType[*policy.Rejection](err)
	if !refused || r.Retry.IsZero() {
		return 0, false
	}
	return int64(max(0, time.Until(r.Retry)+time.Millisecond-1) / time.Millisecond), true
}

// pushbackTrailer returns the trailer with a pushback.
func pushbackTrailer(ms int64) metadata.MD {
	return metadata.Pairs(pushbackKey, strconv.FormatInt(ms, 10))
}

// pushBack sends the trailer for a unary call that a server ends with err, and returns
// err. A call that did not come through gRPC has no trailers.
func pushBack(ctx context.Context, err error) error {
	if ms, ok := pushbackOf(err); ok && grpc.ServerTransportStreamFromContext(ctx) != nil {
		_ = grpc.SetTrailer(ctx, pushbackTrailer(ms)) // fails if the call is over
	}
	return err
}

// pushBackStream sends the trailer for a stream that a server ends with err, and returns
// err.
func pushBackStream(ss grpc.ServerStream, err error) error {
	if ms, ok := pushbackOf(err); ok {
		ss.SetTrailer(pushbackTrailer(ms))
	}
	return err
}
