package degrade

import "sync/atomic"

// LazyScope is a [Scope] that is made when it is first needed under its context; a
// source that makes no call never needs it. It is for packages that have their own
// context type, as fanout does: the context's Value method must return the result of
// [LazyScope.Value] unless that is nil.
//
// It is safe for concurrent use once its fields are set. It must not be copied.
type LazyScope struct {
	// Required: the caller wants the response complete, see [CompleteRequired].
	Required bool
	// Whole: the value is the unchanged response of a call, so that reports on the
	// response's fields hold for those of the value.
	Whole bool

	scope atomic.Pointer[Scope]
}

// Value returns the value that ties a context to the scope, and nil for any
// other key.
func (l *LazyScope) Value(key any) any {
	if key != (attachmentKey{}) {
		return nil
	}
	if s := l.scope.Load(); s != nil {
		return &s.root
	}
	s := &Scope{required: l.Required}
	s.root.scope = s
	if l.Whole {
		s.root.relation = embedded
	}
	if !l.scope.CompareAndSwap(nil, s) {
		s = l.scope.Load()
	}
	return &s.root
}

// Made reports whether the scope has been made.
func (l *LazyScope) Made() bool { return l.scope.Load() != nil }

// Close is [Scope.Close]. If no scope has been made, it returns the report of a
// complete value. What a scope that is made after Close gathers is lost.
func (l *LazyScope) Close() Report {
	if s := l.scope.Load(); s != nil {
		return s.Close()
	}
	return Report{known: true}
}
