// Package lazyscope is what package degrade, in whose contexts calls look for the scope
// to which they report, agrees on with packages that have contexts of their own.
package lazyscope

import "sync/atomic"

// Key is the key under which a context has its scope.
type Key struct{}

// Scope holds a scope of type S that is made when it is first needed: a source that
// makes no call never needs one. A context that holds a Scope returns it as the value
// of [Key].
//
// It is safe for concurrent use once its fields are set. It must not be copied.
type Scope[S any] struct {
	// Required: the caller wants the response complete.
	Required bool
	// Whole: the value is the unchanged response of a call, so that reports on the
	// response's fields hold for those of the value.
	Whole bool

	made atomic.Pointer[S]
}

// Get returns the scope, which build makes if there is none yet.
func (l *Scope[S]) Get(build func(required, whole bool) *S) *S {
	if s := l.made.Load(); s != nil {
		return s
	}
	l.made.CompareAndSwap(nil, build(l.Required, l.Whole))
	return l.made.Load()
}

// Made returns the scope, nil if there is none yet.
func (l *Scope[S]) Made() *S { return l.made.Load() }
