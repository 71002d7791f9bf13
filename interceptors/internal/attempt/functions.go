package attempt

import (
	"context"
	"math"
	"time"
)

// Functions is a chain of one step that calls whatever function its input is, without
// bounds and fallbacks: one chain for many functions. It is a struct to be part of what its
// user allocates anyway, and must not be copied once it was made.
type Functions[In, T any] struct {
	chain    Chain[In, T]
	settings settings
	stage    stage[In, T]
	stages   [1]*stage[In, T]
}

// Make makes the chain with the label, of what calls an input, as the function of a step,
// and what names it.
func (f *Functions[In, T]) Make(label string, call func(context.Context, In) (T, time.Time, error), nameOf func(In) string) {
	f.settings.Config = Config{Label: label}.withDefaults()
	f.stage.name, f.stage.label, f.stage.maxRunning = "function", label, math.MaxInt64
	f.stage.get = call
	f.stages[0] = &f.stage
	f.chain = Chain[In, T]{cfg: &f.settings, stages: f.stages[:], nameOf: nameOf}
}

// Chain returns the chain.
func (f *Functions[In, T]) Chain() *Chain[In, T] { return &f.chain }
