package attempt

import (
	"context"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// try is one step of one run, and the context that the step runs under. It must
// not be copied.
type try struct {
	context.Context //nolint:containedctx // it is a context

	step  int
	scope degrade.Scope
	over  atomic.Bool
	// seen is the context that the watcher made of this one.
	seen context.Context //nolint:containedctx // lives as long as the try
}

// Value returns the scope to calls that are made under t.
func (t *try) Value(key any) any {
	if v := t.scope.Value(key); v != nil {
		return v
	}
	return t.Context.Value(key)
}

// end is true for the first who ends the try: the step itself, or whoever gives
// it up.
func (t *try) end() bool { return t.over.CompareAndSwap(false, true) }
