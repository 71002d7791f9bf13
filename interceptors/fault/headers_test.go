package fault_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
)

const (
	delayKey      = "x-envoy-fault-delay-request"
	delayShareKey = "x-envoy-fault-delay-request-percentage"
	abortKey      = "x-envoy-fault-abort-grpc-request"
	abortShareKey = "x-envoy-fault-abort-request-percentage"
)

// What calls ask for, and what they get.
func TestHeaders(t *testing.T) {
	t.Parallel()
	all := fault.Config{Delay: 2 * time.Second, DelayShare: 1, AbortShare: 1, Headers: true}
	some := fault.Config{Delay: 2 * time.Second, DelayShare: 0.5, AbortShare: 0.5, Headers: true}
	tests := []struct {
		name    string
		cfg     fault.Config
		headers []string
		// numbers are the random ones, in turn.
		numbers []float64
		delay   time.Duration
		abort   codes.Code
	}{
		{"none", all, nil, nil, 0, codes.OK},
		{"others", all, []string{"x-envoy-fault-throughput-response", "1", "user", "jane"}, nil, 0, codes.OK},
		{"delay", all, []string{delayKey, "53"}, []float64{0.99}, 53 * time.Millisecond, codes.OK},
		{"delay of zero", all, []string{delayKey, "0"}, []float64{0}, 0, codes.OK},
		{"longest delay", all, []string{delayKey, "2000"}, []float64{0.99}, 2 * time.Second, codes.OK},
		{"longer than allowed", all, []string{delayKey, "2001"}, []float64{0.99}, 2 * time.Second, codes.OK},
		{"absurdly long", all, []string{delayKey, "4294967295"}, []float64{0.99}, 2 * time.Second, codes.OK},
		{"beyond all numbers", all, []string{delayKey, "99999999999999999999"}, nil, 0, codes.OK},
		{"negative", all, []string{delayKey, "-1"}, nil, 0, codes.OK},
		{"signed", all, []string{delayKey, "+1"}, nil, 0, codes.OK},
		{"fraction", all, []string{delayKey, "1.5"}, nil, 0, codes.OK},
		{"with a unit", all, []string{delayKey, "1s"}, nil, 0, codes.OK},
		{"empty", all, []string{delayKey, ""}, nil, 0, codes.OK},
		{"last value counts", all, []string{delayKey, "1", delayKey, "2"}, []float64{0}, 2 * time.Millisecond, codes.OK},
		{"last value malformed", all, []string{delayKey, "1", delayKey, "x"}, nil, 0, codes.OK},
		{"upper case", all, []string{"X-Envoy-Fault-Delay-Request", "7"}, []float64{0}, 7 * time.Millisecond, codes.OK},

		{"abort", all, []string{abortKey, "3"}, []float64{0.99}, 0, codes.InvalidArgument},
		{"least code", all, []string{abortKey, "1"}, []float64{0}, 0, codes.Canceled},
		{"greatest code", all, []string{abortKey, "16"}, []float64{0}, 0, codes.Unauthenticated},
		{"OK", all, []string{abortKey, "0"}, []float64{0}, 0, codes.OK},
		{"no code", all, []string{abortKey, "17"}, []float64{0.99}, 0, codes.Unknown},
		{"code by name", all, []string{abortKey, "UNAVAILABLE"}, nil, 0, codes.OK},
		{"HTTP status", all, []string{"x-envoy-fault-abort-request", "503"}, nil, 0, codes.OK},

		{"both", all, []string{abortKey, "14", delayKey, "5"}, []float64{0, 0}, 5 * time.Millisecond, codes.Unavailable},
		{"one malformed", all, []string{abortKey, "14", delayKey, "x"}, []float64{0}, 0, codes.Unavailable},

		{"share, hit", all, []string{delayKey, "5", delayShareKey, "20"}, []float64{0.19}, 5 * time.Millisecond, codes.OK},
		{"share, missed", all, []string{delayKey, "5", delayShareKey, "20"}, []float64{0.2}, 0, codes.OK},
		{"share of zero", all, []string{delayKey, "5", delayShareKey, "0"}, nil, 0, codes.OK},
		{"share allowed", some, []string{delayKey, "5"}, []float64{0.49}, 5 * time.Millisecond, codes.OK},
		{"share above the allowed, hit", some, []string{delayKey, "5", delayShareKey, "100"}, []float64{0.49}, 5 * time.Millisecond, codes.OK},
		{"share above the allowed, missed", some, []string{delayKey, "5", delayShareKey, "100"}, []float64{0.5}, 0, codes.OK},
		{"share beyond all", some, []string{delayKey, "5", delayShareKey, "4000000000"}, []float64{0.5}, 0, codes.OK},
		{"malformed share", some, []string{delayKey, "5", delayShareKey, "half"}, []float64{0.49}, 5 * time.Millisecond, codes.OK},
		{"share alone", all, []string{delayShareKey, "100", abortShareKey, "100"}, nil, 0, codes.OK},
		{"abort share, hit", all, []string{abortKey, "5", abortShareKey, "20"}, []float64{0.19}, 0, codes.NotFound},
		{"abort share, missed", some, []string{abortKey, "5", abortShareKey, "60"}, []float64{0.5}, 0, codes.OK},

		{"delays not allowed", fault.Config{AbortShare: 1, Headers: true}, []string{delayKey, "5", abortKey, "5"}, []float64{0}, 0, codes.NotFound},
		{"aborts not allowed", fault.Config{Delay: time.Second, DelayShare: 1, Headers: true}, []string{delayKey, "5", abortKey, "5"}, []float64{0}, 5 * time.Millisecond, codes.OK},
		{"headers off", fault.Config{Delay: time.Second, DelayShare: 1}, []string{delayKey, "5", abortKey, "5"}, []float64{0}, time.Second, codes.OK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				md := metadata.Pairs(tt.headers...)
				for side, ctx := range map[policy.Side]context.Context{
					policy.Client: metadata.NewOutgoingContext(t.Context(), md),
					policy.Server: metadata.NewIncomingContext(t.Context(), md),
				} {
					began := time.Now()
					f := newFault(t, tt.cfg, draws(t, tt.numbers...))
					err := strike(t, ctx, f, &policy.Call{Side: side})
					wantAfter(t, began, tt.delay)
					if tt.abort != codes.OK {
						wantInjected(t, err, tt.abort)
					} else if err != nil {
						t.Errorf("%v: err = %v; want none", side, err)
					}
				}
			})
		})
	}
}

// A server does not heed what its handler would send on, nor a client what its
// own caller sent; a function under policy.Do heeds neither.
func TestHeadersOfTheCallAlone(t *testing.T) {
	t.Parallel()
	f := newFault(t, fault.Config{AbortShare: 1, Headers: true})
	md := metadata.Pairs(abortKey, "14")
	outgoing := metadata.NewOutgoingContext(t.Context(), md)
	incoming := metadata.NewIncomingContext(t.Context(), md)
	for _, tt := range []struct {
		side policy.Side
		ctx  context.Context
		want codes.Code
	}{
		{policy.Client, outgoing, codes.Unavailable},
		{policy.Client, incoming, codes.OK},
		{policy.Server, outgoing, codes.OK},
		{policy.Server, incoming, codes.Unavailable},
		{policy.Local, outgoing, codes.OK},
		{policy.Local, incoming, codes.OK},
	} {
		if got := policy.Code(strike(t, tt.ctx, f, &policy.Call{Side: tt.side})); got != tt.want {
			t.Errorf("on the side of the %v: %v; want %v", tt.side, got, tt.want)
		}
	}
}

// Headers travel: a client asks, a server obliges.
func TestHeadersOverTheWire(t *testing.T) {
	t.Parallel()
	bothSides(t, func(t *testing.T, side policy.Side) {
		t.Helper()
		cfg := fault.Config{Delay: time.Second, DelayShare: 1, AbortShare: 1, Headers: true}
		cc := on(t, side, rpctest.Rig{Unary: func(context.Context) error { return nil }}, newFault(t, cfg)).Start(t)
		if err := rpctest.Invoke(t.Context(), cc); err != nil {
			t.Errorf("a call that asks for nothing: %v", err)
		}
		began := time.Now()
		ctx := metadata.AppendToOutgoingContext(t.Context(), abortKey, "9", delayKey, "3000")
		wantInjected(t, rpctest.Invoke(ctx, cc), codes.FailedPrecondition)
		wantAfter(t, began, time.Second)
	})
}
