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

// spec is what may be injected into a call, and into which share of such calls.
type spec struct {
	delay                  time.Duration
	delayShare, abortShare float64
	abort                  codes.Code
}

// specOf reads what a call asks for, and grants no more than cfg allows.
func specOf(ctx context.Context, side policy.Side, cfg *Config) spec {
	var s spec
	if ms, ok := number(ctx, side, delayKey); ok {
		s.delay = min(time.Duration(ms)*time.Millisecond, cfg.Delay)
		s.delayShare = shareOf(ctx, side, delayShareKey, cfg.DelayShare)
	}
	if code, ok := number(ctx, side, abortKey); ok {
		s.abort = policy.StandardCode(codes.Code(code))
		s.abortShare = shareOf(ctx, side, abortShareKey, cfg.AbortShare)
	}
	return s
}

// shareOf returns the share that a call asks for, at most the one allowed, which is
// also the default.
func shareOf(ctx context.Context, side policy.Side, key string, allowed float64) float64 {
	percent, ok := number(ctx, side, key)
	if !ok {
		return allowed
	}
	return min(float64(percent)/100, allowed)
}

// number reads the last value of a key. A value that is not a natural number,
// or is absurdly large, counts as absent.
func number(ctx context.Context, side policy.Side, key string) (uint32, bool) {
	values := valuesOf(ctx, side, key)
	if len(values) == 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(values[len(values)-1], 10, 32)
	return uint32(n), err == nil
}

// valuesOf returns what a client sends under a key, or a server received.
func valuesOf(ctx context.Context, side policy.Side, key string) []string {
	switch side {
	case policy.Server:
		return metadata.ValueFromIncomingContext(ctx, key)
	case policy.Client:
		md, _ := metadata.FromOutgoingContext(ctx)
		return md.Get(key)
	default:
		return nil
	}
}
