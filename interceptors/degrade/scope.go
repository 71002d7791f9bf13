package degrade

import (
	"context"
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
	// required is what the caller wants or nothing.
	required requirement

	mu     sync.Mutex
	closed bool
	found  gathering
	late   int
}

// Open opens a scope for an attempt to get one value. It returns a context
// under which calls report to the scope, and the scope. Without [Under] or
// [Unused], what a response says of itself as a whole, as that it is old, holds for the
// value, and anything else that is degraded makes the whole value [Partial].
func Open(ctx context.Context) (context.Context, *Scope) {
	s := newScope(CompleteRequired(ctx), false)
	return s.within(ctx), s
}

// newScope makes a scope of a value that is required to be complete or not, and that
// is the whole response of a call or not.
func newScope(required, whole bool) *Scope {
	s := &Scope{required: requirement{all: required}}
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
	return s.found.report()
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
	s.found.drop(dropped)
	s.found.keepEach(found)
}

// full returns what a scope says that has no room to say anything else, else nil. It does
// not change any more.
func (s *Scope) full() map[claim]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.found.full()
}
