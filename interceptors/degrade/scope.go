package degrade

import (
	"context"
	"slices"
	"sync"

	"github.com/afloat-go/afloat/interceptors/internal/lazyscope"
)

// Scope gathers the reports on one result while it is made: the response of a
// handler, or the value from one attempt of a source. It travels in the
// context. Calls made under it report to it alone, so that the reports of an
// attempt that loses are dropped with its result.
//
// Handlers need not use scopes: the server's interceptors open one for each
// call. A Scope is safe for concurrent use. Make one with [Open]. It must not be
// copied.
type Scope struct {
	// root is the attachment of contexts that lead here, unless they say
	// otherwise.
	root attachment

	// response: the scope is that of a handler's response, so reports on the
	// response itself, by Mark or by a fan-out, have the paths of the response.
	response bool
	// required: the caller wants all or nothing.
	required bool

	mu       sync.Mutex
	closed   bool
	markers  markers
	distinct bool // no two markers say the same: there were so many that they were put together
	dropped  int
	late     int
}

// Open opens a scope for an attempt to get one value. It returns a context
// under which calls report to the scope, and the scope. Without [Under] or
// [Unused], a degraded response of a call makes the whole value [Partial].
func Open(ctx context.Context) (context.Context, *Scope) {
	s := newScope(CompleteRequired(ctx), false)
	return s.within(ctx), s
}

// newScope makes a scope of a value that is required to be complete or not, and that
// is the whole response of a call or not.
func newScope(required, whole bool) *Scope {
	s := &Scope{required: required}
	s.root.scope = s
	if whole {
		s.root.relation = embedded
	}
	return s
}

// within returns a context that leads to the scope.
func (s *Scope) within(ctx context.Context) context.Context {
	return context.WithValue(ctx, lazyscope.Key{}, &s.root)
}

// Close ends the scope and returns what it has gathered. Reports that come
// later are only counted.
func (s *Scope) Close() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if len(s.markers) == 0 && s.dropped == 0 {
		return Report{known: true}
	}
	return Report{known: true, markers: s.markers.normal(), truncated: s.dropped > 0, dropped: s.dropped}
}

// Late returns how many reports came after Close.
func (s *Scope) Late() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.late
}

// add records markers with paths of the scope's result, and how many more there
// are.
func (s *Scope) add(found markers, dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		s.late++
		return
	}
	s.dropped = plus(s.dropped, dropped)
	for _, m := range found {
		s.keep(m)
	}
}

// keep records one marker, or counts it where there is no room.
func (s *Scope) keep(m Marker) {
	if len(s.markers) == maxMarkers && !s.distinct {
		s.markers, s.distinct = s.markers.normal(), true
	}
	same := -1
	if s.distinct {
		same = slices.IndexFunc(s.markers, m.claims)
	}
	switch {
	case same >= 0:
		s.markers[same] = s.markers[same].united(m)
	case len(s.markers) < maxMarkers:
		s.markers = append(s.markers, m)
	default:
		s.dropped = plus(s.dropped, m.fields())
	}
}

// CompleteRequired reports whether the caller wants the response that is being
// made under ctx complete or not at all, see [RequireComplete]. Once such a
// response cannot become complete, further work on it is wasted.
func CompleteRequired(ctx context.Context) bool {
	a, ok := attachmentOf(ctx)
	return ok && a.scope.required
}
