package fault_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// A call that is left alone allocates nothing.
func TestNothingToDoAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	missed := fault.WithRand(func() float64 { return 0.5 })
	sent := metadata.NewIncomingContext(t.Context(), metadata.Pairs("user", "jane", ":authority", "shop"))
	stream := policy.Call{Shape: policy.BidiStream}
	for _, tt := range []struct {
		name string
		cfg  fault.Config
		ctx  context.Context
		call *policy.Call
	}{
		{"off", fault.Config{}, t.Context(), &policy.Call{}},
		{"spared", fault.Config{Delay: time.Hour, DelayShare: 0.5}, t.Context(), &policy.Call{}},
		{"stream, spared", fault.Config{Delay: time.Hour, DelayShare: 0.5, AfterMessages: 3}, t.Context(), &stream},
		{"not asking", fault.Config{AbortShare: 1, Headers: true}, sent, &policy.Call{Side: policy.Server}},
		{"not asking, on a client", fault.Config{AbortShare: 1, Headers: true}, t.Context(), &policy.Call{}},
	} {
		f := newFault(t, tt.cfg, missed)
		got := testing.AllocsPerRun(100, func() {
			if err := strike(t, tt.ctx, f, tt.call); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		})
		if got != 0 {
			t.Errorf("%s: %v allocations; want none", tt.name, got)
		}
	}
}
