package admin

import (
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// eventMessage returns an event as a message.
func eventMessage(e rules.Event) *adminv1.Event {
	m := &adminv1.Event{At: timestamppb.New(e.At)}
	if c := e.Steered; c != nil {
		m.What = &adminv1.Event_Steered{Steered: &adminv1.Steered{
			What: c.What.String(), Override: config.OverrideMessage(c.Override), By: c.By,
		}}
		return m
	}
	t := e.Transition
	told := &adminv1.Transition{
		Kind: utf8(t.Kind), Side: policyv1.Side(t.Side) + 1, Target: utf8(t.Target), Name: utf8(t.Name), Shadow: t.Shadow,
		From: utf8(t.From), To: utf8(t.To), Cause: utf8(t.Cause),
		Calls: count(t.Calls), Failures: count(t.Failures), Slow: count(t.Slow), Overdue: count(t.Overdue), By: utf8(t.By),
	}
	if t.Until != 0 {
		told.Until = timestamppb.New(t.Until.Time())
	}
	m.What = &adminv1.Event_Transition{Transition: told}
	return m
}

// utf8 makes s fit for a field of a message.
func utf8(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
