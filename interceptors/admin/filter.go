package admin

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// The bounds of a filter.
const (
	maxText   = 256
	maxStates = 16
)

// filter is a Filter that was checked.
type filter struct {
	text       string // in lower case
	kind       string
	side       policy.Side
	anySide    bool
	states     []breaker.State
	overridden bool
}

// newFilter checks a filter.
func newFilter(m *adminv1.Filter) (*filter, error) {
	f := &filter{
		text: strings.ToLower(m.GetText()), kind: m.GetKind(), side: config.SideOf(m.GetSide()),
		anySide: m.GetSide() == policyv1.Side_SIDE_UNSPECIFIED, overridden: m.GetOverridden(),
	}
	switch {
	case len(m.GetText()) > maxText:
		return nil, invalid("filter.text", "%d bytes; must be at most %d", len(m.GetText()), maxText)
	case len(m.GetKind()) > maxText:
		return nil, invalid("filter.kind", "%d bytes; must be at most %d", len(m.GetKind()), maxText)
	case len(m.GetStates()) > maxStates:
		return nil, invalid("filter.states", "%d states; must be at most %d", len(m.GetStates()), maxStates)
	case f.side > policy.Local:
		return nil, invalid("filter.side", "%d; must be a side", m.GetSide())
	}
	for _, s := range m.GetStates() {
		if s <= policyv1.BreakerStatus_STATE_UNSPECIFIED || s > policyv1.BreakerStatus_STATE_SLOW {
			return nil, invalid("filter.states", "%d; must be a state", s)
		}
		f.states = append(f.states, breaker.State(s-1))
	}
	return f, nil
}

// shows reports whether a policy is shown.
func (f *filter) shows(l rules.Live) bool {
	return f.isFor(l.Kind, l.Side) && f.finds(l.Name, l.Target, l.Kind, l.Match) && f.inState(l.Policy) && (!f.overridden || isOverridden(l.Policy))
}

// tells reports whether an event is told.
func (f *filter) tells(e rules.Event) bool {
	t := e.Transition
	if t == nil {
		return true
	}
	return f.isFor(t.Kind, t.Side) && f.finds(t.Name, t.Target, t.Kind) &&
		(len(f.states) == 0 || slices.ContainsFunc(f.states, func(s breaker.State) bool { return s.String() == t.To }))
}

// isFor reports whether the kind and the side are those that are shown.
func (f *filter) isFor(kind string, side policy.Side) bool {
	return (f.kind == "" || f.kind == kind) && (f.anySide || f.side == side)
}

// finds reports whether one of the texts has the one that is looked for.
func (f *filter) finds(texts ...string) bool {
	return f.text == "" || slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(strings.ToLower(s), f.text) })
}

// inState reports whether a policy is in one of the states that are shown.
func (f *filter) inState(p policy.Policy) bool {
	if len(f.states) == 0 {
		return true
	}
	b, ok := p.(*breaker.Breaker)
	return ok && slices.Contains(f.states, b.State())
}

// isOverridden reports whether an override is in force for a policy.
func isOverridden(p policy.Policy) bool {
	o, ok := p.(policy.Overridable)
	return ok && o.Overridden() != policy.Directive{}
}

// invalid returns the error of a field that has a wrong value.
func invalid(field, format string, args ...any) error {
	return status.Error(codes.InvalidArgument, "admin: "+field+" = "+fmt.Sprintf(format, args...))
}
