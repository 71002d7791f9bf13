package telemetry

import (
	"errors"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Attributes of afloat's own. Others are taken from the semantic conventions.
const (
	operationKey       = attribute.Key("afloat.operation.name")
	verdictKey         = attribute.Key("afloat.verdict")
	connectionKey      = attribute.Key("afloat.connection.name")
	policyKindKey      = attribute.Key("afloat.policy.kind")
	policyNameKey      = attribute.Key("afloat.policy.name")
	policyShadowKey    = attribute.Key("afloat.policy.shadow")
	rejectionReasonKey = attribute.Key("afloat.rejection.reason")
	waitKey            = attribute.Key("afloat.wait.duration")
	probeKey           = attribute.Key("afloat.probe")
	shadowedKey        = attribute.Key("afloat.shadowed")
	overriddenKey      = attribute.Key("afloat.overridden")
	overrideActionKey  = attribute.Key("afloat.override.action")
	overrideChangeKey  = attribute.Key("afloat.override.change")
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

// maxNameBytes is how long a name may be, such as a method's, a target's or a policy's. What
// is longer is cut, and it is said how long it was. What is escaped in the rest takes up to
// four times the room.
const maxNameBytes = 512

// methodName returns a method as semantic conventions spell it.
func methodName(full string) string { return nameOf(strings.TrimPrefix(full, "/")) }

// nameOf returns a name in a form that can be exported and shown: bounded, in UTF-8, and
// with what breaks lines or drives a terminal escaped. One string that is not UTF-8, such as
// a method made up by a stranger, would spoil everything that is sent with it.
func nameOf(s string) string {
	return names.Shown(strings.ToValidUTF8(excerpt.Within(s, maxNameBytes), "\uFFFD"))
}

// textOf returns what an error says in such a form, in which it may have several lines.
func textOf(err error) string {
	var lines []string
	for line := range strings.SplitSeq(strings.ToValidUTF8(excerpt.Of(err.Error()), "\uFFFD"), "\n") {
		lines = append(lines, names.Shown(line))
	}
	return strings.Join(lines, "\n")
}

// kept returns a name as a memo keeps it: not so long that it would take the place of many.
func kept(s string) string { return excerpt.Within(s, maxNameBytes) }

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
	if r := policy.ReasonOf(err); r.IsOwn() {
		return reasonName(r)
	}
	return statusName(policy.Code(err))
}

// reasonName spells a reason as attributes do, as in "circuit_open".
func reasonName(r policy.Reason) string { return nameOf(strings.ToLower(string(r))) }
