package timeout_test

import (
	"context"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// A call that the policy leaves alone allocates nothing.
func TestNothingToDoAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	soon, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	all := timeout.Config{
		Default: time.Hour, Max: time.Hour,
		FirstMessage: time.Hour, Idle: time.Hour, Total: time.Hour,
	}
	for _, tt := range []struct {
		name string
		cfg  timeout.Config
		ctx  context.Context
		kind policy.Shape
	}{
		{"unary, off", timeout.Config{}, t.Context(), policy.Unary},
		{"unary, earlier deadline", all, soon, policy.Unary},
		{"unary, bounds of streams", timeout.Config{Total: time.Second}, t.Context(), policy.Unary},
		{"stream, off", timeout.Config{Default: time.Second}, t.Context(), policy.BidiStream},
		{"stream, earlier deadline", all, soon, policy.ServerStream},
	} {
		p := newTimeout(t, tt.cfg)
		call := policy.Call{Method: method, Shape: tt.kind}
		got := testing.AllocsPerRun(100, func() {
			permit, err := p.Acquire(tt.ctx, &call)
			if err != nil {
				t.Fatal(err)
			}
			wantNothing(t, asked{permit, call.Context})
		})
		if got != 0 {
			t.Errorf("%s: %v allocations; want none", tt.name, got)
		}
	}
}
