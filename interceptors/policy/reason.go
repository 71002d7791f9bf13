package policy

import (
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Domain is the ErrorInfo domain of every status that afloat makes.
const Domain = "afloat"

// Reason says why a policy refused a call, in the form of ErrorInfo reasons.
// Your own policies may define their own reasons.
type Reason string

// The reasons of afloat's own policies.
const (
	// ReasonCircuitOpen: a breaker is open, or half-open with no probe to spare.
	ReasonCircuitOpen Reason = "CIRCUIT_OPEN"
	// ReasonBulkheadFull: every place and every seat in the queue is taken.
	ReasonBulkheadFull Reason = "BULKHEAD_FULL"
	// ReasonQueueTimeout: no place came free within the longest wait allowed.
	ReasonQueueTimeout Reason = "QUEUE_TIMEOUT"
	// ReasonRateLimited: the rate is used up.
	ReasonRateLimited Reason = "RATE_LIMITED"
	// ReasonDeadlineTooNear: the caller's deadline passed, or would have passed,
	// before the call could start.
	ReasonDeadlineTooNear Reason = "DEADLINE_TOO_NEAR"
	// ReasonCancelled: the caller gave up before the call could start.
	ReasonCancelled Reason = "CANCELLED"
	// ReasonOverruns: too many handlers run on although their streams have ended.
	ReasonOverruns Reason = "OVERRUNS"
	// ReasonOverloaded: there is more to do than can be done in time.
	ReasonOverloaded Reason = "OVERLOADED"
	// ReasonIncomplete is not a refusal: an answer had to be complete and was not.
	ReasonIncomplete Reason = "INCOMPLETE"
	// ReasonTimeout is not a refusal: a timeout policy ended a running call.
	ReasonTimeout Reason = "TIMEOUT"
	// ReasonFaultInjected is not a refusal: a fault policy stood in for the call.
	ReasonFaultInjected Reason = "FAULT_INJECTED"
)

// Code returns the status code of a refusal for this reason, UNAVAILABLE if the
// reason is not one of afloat's.
func (r Reason) Code() codes.Code {
	switch r {
	case ReasonBulkheadFull, ReasonQueueTimeout, ReasonRateLimited, ReasonOverruns, ReasonOverloaded:
		return codes.ResourceExhausted
	case ReasonDeadlineTooNear, ReasonTimeout:
		return codes.DeadlineExceeded
	case ReasonCancelled:
		return codes.Canceled
	default:
		return codes.Unavailable
	}
}

// Retriable reports whether it may help to repeat a call that a peer refused for this
// reason. It does not help after CIRCUIT_OPEN, since a circuit waits for its time; after
// DEADLINE_TOO_NEAR, since the deadline does not move; and after CANCELLED. It may after
// any other reason, and after none.
func (r Reason) Retriable() bool {
	return r != ReasonCircuitOpen && r != ReasonDeadlineTooNear && r != ReasonCancelled
}

// IsOwn reports whether the reason is one of afloat's own, which are few. Any other may
// be made up by a peer.
func (r Reason) IsOwn() bool {
	switch r {
	case ReasonCircuitOpen, ReasonBulkheadFull, ReasonQueueTimeout, ReasonRateLimited, ReasonOverruns, ReasonOverloaded,
		ReasonDeadlineTooNear, ReasonCancelled, ReasonIncomplete, ReasonTimeout, ReasonFaultInjected:
		return true
	default:
		return false
	}
}

// comesWith reports whether a status with this reason may have the code. An injected
// fault has any, and of reasons that are not afloat's nothing is known.
func (r Reason) comesWith(code codes.Code) bool {
	return !r.IsOwn() || r == ReasonFaultInjected || r.Code() == code
}

// ReasonOf returns why afloat refused or ended a call, here or in a peer: the
// reason of a *[Rejection] in err's tree, else that of an ErrorInfo with
// afloat's [Domain] in its status. It is empty for any other error, and for a status
// whose code is not that of the reason (see [Reason.Code]; an injected fault has any):
// afloat never sends such a one. Any peer can send any reason with its code, so do not
// grant more for it than [Classify] does.
func ReasonOf(err error) Reason {
	if r, ok := find[*Rejection](err); ok {
		return r.Reason
	}
	if s, ok := StatusOf(err); ok {
		return reasonIn(s)
	}
	return ""
}

// reasonIn returns the reason of afloat's in a status, empty if there is none.
func reasonIn(s *status.Status) Reason {
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetDomain() == Domain {
			if r := Reason(info.GetReason()); r.comesWith(s.Code()) {
				return r
			}
		}
	}
	return ""
}
