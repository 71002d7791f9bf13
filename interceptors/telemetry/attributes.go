package telemetry

import (
	"errors"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Attributes of afloat's own. Others are taken from the semantic conventions.
const (
	operationKey       = attribute.Key("afloat.operation.name")
	verdictKey         = attribute.Key("afloat.verdict")
	policyKindKey      = attribute.Key("afloat.policy.kind")
	policyNameKey      = attribute.Key("afloat.policy.name")
	policyShadowKey    = attribute.Key("afloat.policy.shadow")
	rejectionReasonKey = attribute.Key("afloat.rejection.reason")
	waitKey            = attribute.Key("afloat.wait.duration")
	probeKey           = attribute.Key("afloat.probe")
	shadowedKey        = attribute.Key("afloat.shadowed")
	stateKey           = attribute.Key("afloat.circuit_breaker.state")
	fromKey            = attribute.Key("afloat.transition.from")
	toKey              = attribute.Key("afloat.transition.to")
	causeKey           = attribute.Key("afloat.transition.cause")
	planKey            = attribute.Key("afloat.plan.name")
	planOutcomeKey     = attribute.Key("afloat.plan.outcome")
	chainKey           = attribute.Key("afloat.chain.name")
	stepKey            = attribute.Key("afloat.step.name")
	fallbackKey        = attribute.Key("afloat.step.fallback")
	abandonedKey       = attribute.Key("afloat.step.abandoned")
	lateKey            = attribute.Key("afloat.step.late")
	degradedFieldsKey  = attribute.Key("afloat.degraded.fields")
	degradedCountKey   = attribute.Key("afloat.degraded.count")
	fieldStateKey      = attribute.Key("afloat.field.state")
	fieldReasonKey     = attribute.Key("afloat.field.reason")
	rulesSourceKey     = attribute.Key("afloat.rules.source")
	rulesOutcomeKey    = attribute.Key("afloat.rules.outcome")
)

// methodName returns a method as semantic conventions spell it.
func methodName(full string) string { return text(strings.TrimPrefix(full, "/")) }

// text returns s in a form that can be exported. One string that is not UTF-8, such as a
// method or an error made up by a stranger, would spoil everything that is sent with
// it.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// statusName spells a code as semantic conventions do, as in "UNAVAILABLE". A peer
// may send any number.
func statusName(c codes.Code) string {
	return code.Code(policy.StandardCode(c)).String() //nolint:gosec // there are few codes
}

// errorType returns the class of an error: why a policy refused or ended the call, here
// or in a peer, else the code of its status. A peer's reason counts only if it is
// one of the known reasons.
func errorType(err error) string {
	if r, ok := errors.AsType[*policy.Rejection](err); ok && r.Reason != "" {
		return reasonName(r.Reason)
	}
	switch r := policy.ReasonOf(err); r {
	case policy.ReasonCircuitOpen, policy.ReasonBulkheadFull, policy.ReasonQueueTimeout, policy.ReasonRateLimited,
		policy.ReasonDeadlineTooNear, policy.ReasonCancelled, policy.ReasonTimeout, policy.ReasonFaultInjected:
		return reasonName(r)
	default:
		return statusName(policy.Code(err))
	}
}

// reasonName spells a reason as attributes do, as in "circuit_open".
func reasonName(r policy.Reason) string { return strings.ToLower(string(r)) }
