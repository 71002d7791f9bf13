package attempt

import (
	"context"
	"time"
)

// Functions makes chains of one function each, that differ in nothing but the function and
// its name. It is a struct to be part of what its user allocates anyway, and must not be
// copied once it was labelled.
type Functions[T any] struct {
	settings settings
	get      func(ctx context.Context, f func(context.Context) (T, error)) (T, time.Time, error)
}

// Label prepares it to make chains with the label.
func (f *Functions[T]) Label(label string) {
	f.settings.Config = Config{Label: label}.withDefaults()
	f.get = func(ctx context.Context, f func(context.Context) (T, error)) (T, time.Time, error) {
		value, err := f(ctx)
		return value, time.Time{}, err
	}
}

// Alone is a chain of one function, without bounds and fallbacks. It is a struct to be part
// of what its user allocates anyway, and must not be copied once it was made.
type Alone[T any] struct {
	chain  Chain[func(context.Context) (T, error), T]
	stage  stage[func(context.Context) (T, error), T]
	stages [1]*stage[func(context.Context) (T, error), T]
}

// Make makes the chain of a function with that name. The function itself is the input of
// its runs.
func (a *Alone[T]) Make(all *Functions[T], name string) {
	a.stage.name, a.stage.label, a.stage.get, a.stage.maxRunning = name, all.settings.Label, all.get, 1
	a.stages[0] = &a.stage
	a.chain.cfg, a.chain.stages = &all.settings, a.stages[:]
}

// Chain returns the chain.
func (a *Alone[T]) Chain() *Chain[func(context.Context) (T, error), T] { return &a.chain }
