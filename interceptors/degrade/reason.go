package degrade

import (
	"errors"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/policy"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// Reason is why a field is degraded. Its values are the numbers of the proto
// enum afloat.degrade.v1.Reason.
type Reason int32

// The reasons. The .proto file says what each means.
const (
	ReasonUnspecified        = Reason(degradev1.Reason_REASON_UNSPECIFIED)
	ReasonTimeout            = Reason(degradev1.Reason_REASON_TIMEOUT)
	ReasonUnavailable        = Reason(degradev1.Reason_REASON_UNAVAILABLE)
	ReasonError              = Reason(degradev1.Reason_REASON_ERROR)
	ReasonOverloaded         = Reason(degradev1.Reason_REASON_OVERLOADED)
	ReasonCircuitOpen        = Reason(degradev1.Reason_REASON_CIRCUIT_OPEN)
	ReasonConcurrencyLimited = Reason(degradev1.Reason_REASON_CONCURRENCY_LIMITED)
	ReasonRateLimited        = Reason(degradev1.Reason_REASON_RATE_LIMITED)
	ReasonBudgetExhausted    = Reason(degradev1.Reason_REASON_BUDGET_EXHAUSTED)
	ReasonShed               = Reason(degradev1.Reason_REASON_SHED)
	ReasonDisabled           = Reason(degradev1.Reason_REASON_DISABLED)
	ReasonInternal           = Reason(degradev1.Reason_REASON_INTERNAL)
	ReasonUpstreamDegraded   = Reason(degradev1.Reason_REASON_UPSTREAM_DEGRADED)
)

// String returns the reason's name, such as "circuit_open".
func (r Reason) String() string {
	return strings.ToLower(strings.TrimPrefix(degradev1.Reason(r).String(), "REASON_"))
}

// reasonOf reads a reason off the wire. One that this version does not know
// becomes [ReasonError].
func reasonOf(r degradev1.Reason) Reason {
	if _, known := degradev1.Reason_name[int32(r)]; !known {
		return ReasonError
	}
	return Reason(r)
}

// ReasonOf returns why a field is degraded if its source failed with err, which
// must not be nil. A refusal by a policy of this process gives the reason
// itself. An error from the source is judged by its code, even if it is a
// refusal there. A panic gives [ReasonInternal].
func ReasonOf(err error) Reason {
	if policy.IsRejection(err) {
		return reasonOfRefusal(policy.ReasonOf(err))
	}
	if errors.Is(err, policy.ErrPanicked) {
		return ReasonInternal
	}
	switch policy.Code(err) {
	case codes.DeadlineExceeded:
		return ReasonTimeout
	case codes.Unavailable:
		return ReasonUnavailable
	case codes.ResourceExhausted:
		return ReasonOverloaded
	default:
		return ReasonError
	}
}

// reasonOfRefusal returns why a field is degraded if a policy of this process refused
// its source.
func reasonOfRefusal(r policy.Reason) Reason {
	switch r {
	case policy.ReasonCircuitOpen:
		return ReasonCircuitOpen
	case policy.ReasonBulkheadFull, policy.ReasonQueueTimeout:
		return ReasonConcurrencyLimited
	case policy.ReasonRateLimited:
		return ReasonRateLimited
	case policy.ReasonDeadlineTooNear:
		return ReasonBudgetExhausted
	default:
		return ReasonUnavailable
	}
}
