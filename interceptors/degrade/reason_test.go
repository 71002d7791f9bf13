package degrade_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

func TestReasonOf(t *testing.T) {
	t.Parallel()
	refusal := func(r policy.Reason) error { return &policy.Rejection{Kind: "p", Reason: r} }
	for _, tt := range []struct {
		err  error
		want degrade.Reason
	}{
		{refusal(policy.ReasonCircuitOpen), degrade.ReasonCircuitOpen},
		{refusal(policy.ReasonBulkheadFull), degrade.ReasonConcurrencyLimited},
		{refusal(policy.ReasonQueueTimeout), degrade.ReasonConcurrencyLimited},
		{refusal(policy.ReasonRateLimited), degrade.ReasonRateLimited},
		{refusal(policy.ReasonDeadlineTooNear), degrade.ReasonBudgetExhausted},
		{status.Error(codes.DeadlineExceeded, ""), degrade.ReasonTimeout},
		{context.DeadlineExceeded, degrade.ReasonTimeout},
		{status.Error(codes.Unavailable, ""), degrade.ReasonUnavailable},
		{status.Error(codes.ResourceExhausted, ""), degrade.ReasonOverloaded},
		{status.Error(codes.Internal, ""), degrade.ReasonError},
		{errors.New("plain"), degrade.ReasonError},
	} {
		if got := degrade.ReasonOf(tt.err); got != tt.want {
			t.Errorf("ReasonOf(%v) = %v; want %v", tt.err, got, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	if got := degrade.ReasonCircuitOpen.String(); got != "circuit_open" {
		t.Errorf("reason = %q", got)
	}
	for state, want := range map[degrade.State]string{
		degrade.Unknown: "unknown", degrade.Intact: "intact", degrade.Missing: "missing", degrade.Stale: "stale",
		degrade.Defaulted: "defaulted", degrade.Substituted: "substituted", degrade.Partial: "partial", 99: "unknown",
	} {
		if got := state.String(); got != want {
			t.Errorf("state %d = %q; want %q", state, got, want)
		}
	}
}
