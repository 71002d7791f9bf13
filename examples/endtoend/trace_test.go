package endtoend_test

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// span is a span and the service that it is of.
type span struct {
	ptrace.Span

	service string
}

// text returns the text of an attribute, empty if there is none.
func (s span) text(key string) string {
	if v, ok := s.Attributes().Get(key); ok {
		return v.AsString()
	}
	return ""
}

// trace is the spans of one trace that have come so far.
type trace []span

// tree reports whether all spans are of one tree: one is the root, and each other has
// its parent here.
func (t trace) tree() bool {
	roots := 0
	for _, s := range t {
		if s.ParentSpanID().IsEmpty() {
			roots++
		} else if _, ok := t.parent(s); !ok {
			return false
		}
	}
	return roots == 1
}

func (t trace) parent(of span) (span, bool) {
	i := slices.IndexFunc(t, func(s span) bool { return s.SpanID() == of.ParentSpanID() })
	if i < 0 {
		return span{}, false
	}
	return t[i], true
}

// find returns the span of a service and kind by that name.
func (t trace) find(service, name string, kind ptrace.SpanKind) (span, bool) {
	i := slices.IndexFunc(t, func(s span) bool { return s.service == service && s.Name() == name && s.Kind() == kind })
	if i < 0 {
		return span{}, false
	}
	return t[i], true
}

// way returns the way from the root to a span, as in "client
// shop.v1.EdgeService/GetHome".
func (t trace) way(to span) []string {
	way := []string{to.service + " " + to.Name()}
	for s, ok := t.parent(to); ok; s, ok = t.parent(s) {
		way = append(way, s.service+" "+s.Name())
	}
	slices.Reverse(way)
	return way
}
