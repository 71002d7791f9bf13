// Package contextkey finds out keys of contexts that other packages keep to themselves.
package contextkey

import "context"

// Of returns the key that a function asks the context for that it is given, the last one if
// it asks for several, nil if for none.
func Of(ask func(ctx context.Context)) any {
	asked := &asked{Context: context.Background()}
	ask(asked)
	return asked.key
}

// asked is a context that remembers which key it was asked for last, and has nothing.
type asked struct {
	context.Context //nolint:containedctx // it is a context

	key any
}

// Value remembers the key.
func (c *asked) Value(key any) any {
	c.key = key
	return nil
}
