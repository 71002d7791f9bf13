package admin

import (
	"fmt"
	"reflect"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// explain tells what would become of a call.
func explain(set *config.Set, r *adminv1.ExplainRequest) (*adminv1.ExplainResponse, error) {
	call := &policy.Call{Method: r.GetMethod(), Target: r.GetTarget(), Side: config.SideOf(r.GetSide())}
	switch {
	case call.Method == "":
		return nil, invalid("method", `""; must be "/pkg.Service/Method"`)
	case len(call.Method) > rules.MaxMethodBytes:
		return nil, invalid("method", "%d bytes; must be at most %d", len(call.Method), rules.MaxMethodBytes)
	case len(call.Target) > rules.MaxTargetBytes:
		return nil, invalid("target", "%d bytes; must be at most %d", len(call.Target), rules.MaxTargetBytes)
	case call.Side > policy.Local:
		return nil, invalid("side", "%d; must be a side", r.GetSide())
	case call.Side != policy.Client && call.Target != "":
		return nil, invalid("target", "%.64q; must be left out: only clients have targets", call.Target)
	}
	m := &adminv1.ExplainResponse{WouldAdmit: true, Rules: rulesFor(set, call)}
	for _, c := range set.Rules().ConditionsOf(call).Status() {
		m.Conditions = append(m.Conditions, &adminv1.Condition{Name: utf8(c.By), Verdict: c.Verdict.String(), Met: c.Met, Unread: utf8(c.Unread)})
	}
	chain := set.Rules().Find(call)
	m.Known = chain != nil
	if chain != nil {
		m.Verdicts = verdictsOf(set, chain)
	}
	for _, v := range m.GetVerdicts() {
		m.WouldAdmit = m.GetWouldAdmit() && (v.GetWouldAdmit() || v.GetPolicy().GetShadow())
	}
	m.Words = wordsOf(m, call)
	return m, nil
}

// rulesFor returns the rules for a call, with where they come from.
func rulesFor(set *config.Set, call *policy.Call) (all []*policyv1.RuleInForce) {
	outline := set.Outline()
	for _, match := range set.Rules().Matching(call) {
		i := slices.IndexFunc(outline.Rules, func(r config.RuleInForce) bool {
			return r.Match == match.Match && r.Target == match.Target && r.Shadow == match.Shadow &&
				(len(r.Sides) == 0 || slices.Contains(r.Sides, call.Side))
		})
		if i < 0 {
			continue // the rules have just changed
		}
		for _, m := range outline.RuleMessages(outline.Rules[i]) {
			if side := m.GetRule().GetSide(); side == policyv1.Side_SIDE_UNSPECIFIED || config.SideOf(side) == call.Side {
				all = append(all, m)
			}
		}
	}
	return all
}

// verdictsOf returns what each policy of a chain says now.
func verdictsOf(set *config.Set, chain *policy.Chain) (all []*adminv1.Verdict) {
	refusals := chain.Refusals()
	lives := livesOf(set.Rules(), chain.Policies())
	events, _ := set.Rules().Events().Since(0)
	for i, l := range lives {
		look := set.Look(l)
		v := &adminv1.Verdict{Policy: look.Message(), WouldAdmit: true}
		if p, ok := l.Policy.(policy.Prober); ok {
			v.WouldAdmit = p.WouldAdmit() || letsPass(look)
		}
		if r := refusals[i]; r != nil {
			v.LastRefusal = &adminv1.Refusal{Reason: utf8(string(r.Reason)), Text: r.Error()}
			if !r.Retry.IsZero() {
				v.LastRefusal.RetryAt = timestamppb.New(r.Retry)
			}
		}
		if look.Override != nil {
			v.Override = config.OverrideMessage(*look.Override)
		}
		v.Events = eventsOf(l, events)
		all = append(all, v)
	}
	return all
}

// letsPass reports whether a policy refuses nothing because of an override.
func letsPass(p config.LivePolicy) bool {
	return p.Override != nil && (p.Override.Action == policy.ForceClosed || p.Override.Action == policy.Disable)
}

// livesOf returns the policies of a chain as the rules describe them, in order.
func livesOf(r *rules.Rules, policies []policy.Policy) []rules.Live {
	all := make([]rules.Live, len(policies))
	for i, p := range policies {
		all[i].Policy = p
	}
	for l := range r.Live() {
		if !reflect.ValueOf(l.Policy).Comparable() {
			continue
		}
		for i, p := range policies {
			if reflect.ValueOf(p).Comparable() && p == l.Policy {
				all[i] = l
			}
		}
	}
	return all
}

// eventsOf returns the latest changes of a policy's state.
func eventsOf(l rules.Live, events []rules.Event) (all []*adminv1.Event) {
	const most = 10
	for _, e := range slices.Backward(events) {
		if t := e.Transition; len(all) < most && t != nil && t.Kind == l.Kind && t.Name == l.Name && t.Target == l.Target &&
			t.Side == l.Side && t.Shadow == l.Shadow {
			all = append(all, eventMessage(e))
		}
	}
	slices.Reverse(all)
	return all
}

// wordsOf tells all of it in sentences.
func wordsOf(m *adminv1.ExplainResponse, call *policy.Call) []string {
	var words []string
	say := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	for _, r := range m.GetRules() {
		shadow := ""
		if r.GetRule().GetShadow() {
			shadow = " shadow"
		}
		say("The closest%s rule is %s, from %s.", shadow, utf8(r.GetRule().GetMatch()), placeOf(r))
	}
	switch {
	case len(m.GetRules()) == 0:
		say("No rule matches: the call is unguarded.")
	case !m.GetKnown():
		say("No such call was made yet on the %v side, or its policies were dropped: they are made when the next one comes.", call.Side)
	}
	for _, v := range m.GetVerdicts() {
		words = append(words, sentencesOf(v)...)
	}
	words = append(words, conditionWords(m)...)
	if m.GetWouldAdmit() {
		say("A call would be let in now.")
	} else {
		say("A call would be refused now.")
	}
	return words
}

// conditionWords tells by which conditions the end of the call would be judged.
func conditionWords(m *adminv1.ExplainResponse) (words []string) {
	for _, c := range m.GetConditions() {
		words = append(words, fmt.Sprintf("A call that meets the condition %q counts as %s; so did %d.", c.GetName(), c.GetVerdict(), c.GetMet()))
		if c.GetUnread() != "" {
			words = append(words, c.GetUnread()+".")
		}
	}
	if len(words) == 0 && len(m.GetRules()) > 0 {
		words = append(words, "The rule has no conditions: what a call counts as, its status code says. An answer that is OK is good, whatever stands in it.")
	}
	return words
}

// placeOf returns where a rule comes from.
func placeOf(r *policyv1.RuleInForce) string {
	switch r.GetSource() {
	case policyv1.Source_SOURCE_BUILT_IN:
		return "afloat itself"
	case policyv1.Source_SOURCE_CODE:
		return "the program's code"
	default:
		return utf8(r.GetPlace())
	}
}
