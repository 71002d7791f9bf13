package degrade

import (
	"context"
	"slices"
	"sync"
)

// Scope gathers what is said of one result while it is made: of the response of
// a handler, or of what one attempt of a source returns. It travels in the
// context. Calls made under it report to it and to nothing else, so that an
// attempt that loses takes with it what was said of its result.
//
// Handlers need not know scopes: the server's interceptors open one for each
// call. A Scope is safe for concurrent use. Make one with [Open]. It must not be
// copied.
type Scope struct {
	// root is how contexts that lead here are tied, unless told otherwise.
	root attachment

	// response: the scope is that of a response, so what is said of the response
	// itself, by Mark or by a fan-out, has the paths of the response.
	response bool
	// required: whoever asked wants all or nothing.
	required bool

	mu       sync.Mutex
	closed   bool
	markers  []Marker
	distinct bool // no two markers say the same: there were so many that they were put together
	dropped  int
	late     int
}

// Open returns a context in which calls report to a scope of their own, and the
// scope, for an attempt to get one value. Unless told otherwise by [Under] or
// [Unused], a degraded response of a call makes the value as a whole [Partial].
func Open(ctx context.Context) (context.Context, *Scope) {
	s := &Scope{required: CompleteRequired(ctx)}
	s.root.scope = s
	return context.WithValue(ctx, attachmentKey{}, &s.root), s
}

// openResponse opens the scope of the response that a handler makes.
func openResponse(ctx context.Context, required bool) (context.Context, *Scope) {
	s := &Scope{response: true, required: required}
	s.root.scope = s
	return context.WithValue(ctx, attachmentKey{}, &s.root), s
}

// Close ends the scope and returns what it gathered. What comes later is
// counted only.
func (s *Scope) Close() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if len(s.markers) == 0 && s.dropped == 0 {
		return Report{known: true}
	}
	return Report{known: true, markers: normal(s.markers), truncated: s.dropped > 0, dropped: s.dropped}
}

// Late is how many reports came after Close.
func (s *Scope) Late() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.late
}

// add records markers with paths of the scope's own, and how many more there
// are.
func (s *Scope) add(markers []Marker, dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		s.late++
		return
	}
	s.dropped = plus(s.dropped, dropped)
	for _, m := range markers {
		s.keep(m)
	}
}

// keep records one marker, or counts it where there is no room.
func (s *Scope) keep(m Marker) {
	if len(s.markers) == maxMarkers && !s.distinct {
		s.markers, s.distinct = normal(s.markers), true
	}
	same := -1
	if s.distinct {
		same = slices.IndexFunc(s.markers, func(kept Marker) bool { return sameClaim(kept, m) })
	}
	switch {
	case same >= 0:
		s.markers[same] = united(s.markers[same], m)
	case len(s.markers) < maxMarkers:
		s.markers = append(s.markers, m)
	default:
		s.dropped = plus(s.dropped, m.fields())
	}
}

// CompleteRequired reports whether whoever asked for the response that is being
// made under ctx wants it complete or not at all, see [RequireComplete]. Work
// for a response that cannot become complete any more is lost.
func CompleteRequired(ctx context.Context) bool {
	a, ok := attachmentOf(ctx)
	return ok && a.scope.required
}
