package fault

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// The metadata by which a call asks for faults, as in gRFC A33.
const (
	delayKey      = "x-envoy-fault-delay-request"
	delayShareKey = "x-envoy-fault-delay-request-percentage"
	abortKey      = "x-envoy-fault-abort-grpc-request"
	abortShareKey = "x-envoy-fault-abort-request-percentage"
)

// asked are the faults that a call may be hit by.
type asked struct {
	delay                  time.Duration
	delayShare, abortShare float64
	abort                  codes.Code
}

// metadataOf is what the call was sent with.
func metadataOf(ctx context.Context, call policy.Call) metadata.MD {
	md, ok := metadata.FromIncomingContext(ctx)
	if call.Side != policy.Server || !ok {
		md, _ = metadata.FromOutgoingContext(ctx)
	}
	return md
}

// askedBy reads what a call asks for, and grants no more than cfg allows.
func askedBy(md metadata.MD, cfg *Config) asked {
	var a asked
	if ms, ok := number(md, delayKey, int64(cfg.Delay/time.Millisecond)); ok {
		a.delay = time.Duration(ms) * time.Millisecond
		a.delayShare = shareAsked(md, delayShareKey, cfg.DelayShare)
	}
	if code, ok := number(md, abortKey, int64(codes.Unauthenticated)+1); ok && code <= int64(codes.Unauthenticated) {
		a.abort = codes.Code(code) //nolint:gosec // in [0, 16]
		a.abortShare = shareAsked(md, abortShareKey, cfg.AbortShare)
	}
	return a
}

// shareAsked is the share asked for, at most the one allowed, which holds too
// where none is asked for.
func shareAsked(md metadata.MD, key string, allowed float64) float64 {
	percent, ok := number(md, key, 100)
	if !ok {
		return allowed
	}
	return min(float64(percent)/100, allowed)
}

// number reads the last value of a key, at most the given one. What is no
// natural number is as good as absent.
func number(md metadata.MD, key string, most int64) (int64, bool) {
	values := md.Get(key)
	if len(values) == 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(values[len(values)-1], 10, 64)
	if err != nil || n < 0 {
		return 0, false
	}
	return min(n, most), true
}
