package breaker

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// pushbackOf is how long the server asked to be left alone: by a RetryInfo in
// its status or by the trailer grpc-retry-pushback-ms, whichever is longer.
func pushbackOf(o policy.Outcome) time.Duration {
	wait := o.Pushback
	s, ok := status.FromError(o.Err)
	if o.Err == nil || !ok {
		return wait
	}
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok && info.GetRetryDelay().IsValid() {
			wait = max(wait, info.GetRetryDelay().AsDuration())
		}
	}
	return wait
}
