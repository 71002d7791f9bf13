// Package alternative is what package policy, in whose contexts policies look whether the
// caller has something else, agrees on with packages that have contexts of their own.
package alternative

import "context"

// Key is the key under which a context says that its caller has something else if the call
// is refused: any value but nil says so.
type Key struct{}

// Of returns a context that says so.
func Of(ctx context.Context) context.Context { return with{ctx} }

// Known reports whether ctx says so.
func Known(ctx context.Context) bool { return ctx.Value(Key{}) != nil }

// with is such a context.
type with struct{ context.Context } //nolint:containedctx // it is a context

// Value returns that it does for the key.
func (w with) Value(key any) any {
	if key == (Key{}) {
		return true
	}
	return w.Context.Value(key)
}
