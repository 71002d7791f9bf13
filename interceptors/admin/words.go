package admin

import (
	"fmt"
	"strings"
	"time"

	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// sentencesOf tells what a policy says to a call, and why.
func sentencesOf(v *adminv1.Verdict) []string {
	p := v.GetPolicy()
	name := fmt.Sprintf("The %s %s", orPolicy(p.GetKind()), p.GetName())
	if p.GetShadow() {
		name += " of the shadow rule, which only watches,"
	}
	words := []string{name + " " + stateOf(v) + "."}
	if o := v.GetOverride(); o != nil {
		words = append(words, fmt.Sprintf("Override %s is in force for it, for another %v: %s by %s, because: %s.",
			o.GetId(), left(o), wordOfAction(o), o.GetAuthor(), o.GetReason()))
	}
	if r := v.GetLastRefusal(); r != nil {
		words = append(words, fmt.Sprintf("It refused such a call last because of %s: %s.", r.GetReason(), r.GetText()))
	}
	if n := len(v.GetEvents()); n > 0 {
		words = append(words, sentenceOf(v.GetEvents()[n-1]))
	}
	return words
}

// orPolicy returns a kind, or a word for one that has none.
func orPolicy(kind string) string {
	if kind == "" {
		return "policy"
	}
	return kind
}

// stateOf tells how a policy stands.
func stateOf(v *adminv1.Verdict) string {
	switch p := v.GetPolicy(); {
	case p.GetBreaker() != nil:
		return breakerWords(p.GetBreaker())
	case p.GetBulkhead() != nil:
		b := p.GetBulkhead()
		return fmt.Sprintf("has %d calls in flight of %d places, %d waiting of %d seats, and has refused %d",
			b.GetInFlight(), placesOf(v, b), b.GetWaiting(), b.GetConfig().GetMaxQueue(), b.GetRejected())
	case p.GetRateLimit() != nil:
		r := p.GetRateLimit()
		return fmt.Sprintf("has %.1f tokens of %d, %d calls waiting, and has refused %d",
			r.GetTokens(), r.GetConfig().GetBurst(), r.GetWaiting(), r.GetRejected())
	case p.GetTimeout() != nil:
		return "bounds how long calls take"
	case p.GetFault() != nil:
		f := p.GetFault()
		return fmt.Sprintf("injects faults: it has delayed %d calls and failed %d", f.GetDelayed(), f.GetAborted())
	default:
		return "is there"
	}
}

// placesOf returns how many places a bulkhead has now.
func placesOf(v *adminv1.Verdict, b *policyv1.BulkheadStatus) int32 {
	if o := v.GetOverride(); o.GetAction() == policyv1.Action_ACTION_SET_PLACES {
		return o.GetPlaces()
	}
	return b.GetConfig().GetMaxConcurrent()
}

// breakerWords tells how a breaker stands.
func breakerWords(b *policyv1.BreakerStatus) string {
	words := fmt.Sprintf("is %s since %s (%v)", word(b.GetState(), "STATE_"), clock(b.GetSince().AsTime()), ago(b.GetSince().AsTime()))
	switch b.GetState() {
	case policyv1.BreakerStatus_STATE_CLOSED, policyv1.BreakerStatus_STATE_SLOW:
		words += fmt.Sprintf(": of the last %d calls %d failed, %d in a row, and %d were slow", b.GetCalls(), b.GetFailures(), b.GetConsecutiveFailures(), b.GetSlow())
	case policyv1.BreakerStatus_STATE_OPEN:
		words += fmt.Sprintf(": the next probe is sent in %v", max(0, time.Until(b.GetRetryAt().AsTime())).Round(time.Millisecond))
	case policyv1.BreakerStatus_STATE_HALF_OPEN:
		if share := b.GetAdmittedShare(); share > 0 {
			words += fmt.Sprintf(": %.0f %% of the calls pass", 100*share)
		} else if n := b.GetProbesInFlight(); n > 0 {
			words += fmt.Sprintf(": %d probes are under way", n)
		} else {
			words += ": the next call is a probe"
		}
	default:
	}
	if b.GetUsual() != nil {
		words += fmt.Sprintf("; 99 of 100 healthy calls are answered within %v", b.GetUsual().AsDuration().Round(100*time.Microsecond))
	}
	return words + fmt.Sprintf("; it has refused %d", b.GetRejected())
}

// sentenceOf tells what has happened last.
func sentenceOf(e *adminv1.Event) string {
	t := e.GetTransition()
	by := ""
	if t.GetBy() != "" {
		by = fmt.Sprintf(" The last of them met the condition %q.", t.GetBy())
	}
	return fmt.Sprintf("It went from %s to %s at %s (%v ago), because of %s: %d calls, %d failed, %d slow, %d overdue.%s",
		t.GetFrom(), t.GetTo(), clock(e.GetAt().AsTime()), ago(e.GetAt().AsTime()), t.GetCause(), t.GetCalls(), t.GetFailures(), t.GetSlow(), t.GetOverdue(), by)
}

// word returns the name of a value of an enum as people say it.
func word(value fmt.Stringer, prefix string) string {
	return strings.ToLower(strings.TrimPrefix(value.String(), prefix))
}

// wordOfAction returns what an override does.
func wordOfAction(o *policyv1.Override) string {
	if o.GetAction() == policyv1.Action_ACTION_SET_PLACES {
		return fmt.Sprintf("set_places to %d", o.GetPlaces())
	}
	return word(o.GetAction(), "ACTION_")
}

// left returns how long an override will be in force.
func left(o *policyv1.Override) time.Duration {
	return max(0, time.Until(o.GetUntil().AsTime())).Round(time.Second)
}

// ago returns how long ago something was.
func ago(t time.Time) time.Duration { return time.Since(t).Round(time.Millisecond) }

// clock returns a time of day.
func clock(t time.Time) string { return t.UTC().Format("15:04:05Z") }
