package degrade

import "sync/atomic"

// LazyScope is a [Scope] that is made when somebody under its context first asks for
// it, which a source that makes no call never does. It is for packages that have a
// context type of their own, as fanout does: the context's Value method must return
// what [LazyScope.Value] does unless that is nil.
//
// It is safe for concurrent use, once the fields are set. It must not be copied.
type LazyScope struct {
	// Required: whoever asked wants the response complete, see [CompleteRequired].
	Required bool
	// Whole: the value that is made is the response of a call as it is, so that what
	// is said of the response's fields holds for those of the value.
	Whole bool

	scope atomic.Pointer[Scope]
}

// Value returns what leads a context to the scope, and nil for any other key.
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

// Made reports whether somebody has asked for the scope.
func (l *LazyScope) Made() bool { return l.scope.Load() != nil }

// Close is [Scope.Close]. A scope that is made after it is nobody's.
func (l *LazyScope) Close() Report {
	if s := l.scope.Load(); s != nil {
		return s.Close()
	}
	return Report{known: true}
}
