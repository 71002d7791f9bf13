package fanout

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
)

// Result is the result of one function of [Collect].
type Result[T any] struct {
	Value T
	Err   error
}

// Collect runs all functions at once and returns their results when all have
// ended, at the timeout, or when ctx ends, whichever is first. The map has every
// key. The result of a function that has not ended by then is the error of its
// context; its late value is dropped. A panic becomes a [policy.PanicError]. With
// a timeout of zero or less there is no timeout. A nil function has an error.
//
// Collect is for a few values by name, without a response to fill. It marks nothing
// itself, and it does not bound how many functions run on after the end of their
// time. What the calls of a function report goes to the scope of ctx, see
// [degrade.Under].
func Collect[T any](
	ctx context.Context, timeout time.Duration, functions map[string]func(ctx context.Context) (T, error),
) map[string]Result[T] {
	end, cancel := bounded(ctx, timeout)
	defer cancel()
	c := &collection[T]{
		ctx:     ctx,
		running: make(map[string]*function[T], len(functions)),
		results: make(map[string]Result[T], len(functions)),
	}
	for name, f := range functions {
		chain, err := chainOf(name, f)
		if err != nil {
			c.results[name] = Result[T]{Err: err}
			continue
		}
		c.running[name] = &function[T]{chain: chain, tally: &c.tally}
	}
	c.run(end)
	return c.results
}

// bounded returns ctx for as long as the timeout, or without one.
func bounded(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}

// collection is one Collect.
type collection[T any] struct {
	ctx     context.Context //nolint:containedctx // the caller's, lives as long as the call
	tally   tally
	running map[string]*function[T]
	results map[string]Result[T]
}

// run asks all functions and takes what they answer until end.
func (c *collection[T]) run(end context.Context) {
	if len(c.running) == 0 {
		return
	}
	c.tally.of(len(c.running))
	for _, f := range c.running {
		go f.Start(end, f.chain, struct{}{}, f)
	}
	_ = c.tally.wait(end, c) // what has not ended by then has end's error
	for name, f := range c.running {
		f.Abandon()
		c.results[name] = Result[T]{Err: end.Err()}
	}
}

// look takes what has ended.
func (c *collection[T]) look() bool {
	for name, f := range c.running {
		if f.ended.Load() {
			delete(c.running, name)
			c.results[name] = f.result(c.ctx)
		}
	}
	return len(c.running) == 0
}

// chainOf makes a chain of one function.
func chainOf[T any](name string, f func(ctx context.Context) (T, error)) (*attempt.Chain[struct{}, T], error) {
	var get func(context.Context, struct{}) (T, error)
	if f != nil {
		get = func(ctx context.Context, _ struct{}) (T, error) { return f(ctx) }
	}
	name = excerpt.Of(name) // for the labels of errors
	return attempt.New(attempt.Config{Label: fmt.Sprintf("fanout.Collect %q", name)}, attempt.To(cmp.Or(name, "function"), get))
}

// function is one that runs.
type function[T any] struct {
	attempt.Run[struct{}, T]

	chain *attempt.Chain[struct{}, T]
	tally *tally
	// ok is written before ended is set, and read after.
	ok    bool
	ended atomic.Bool
}

// Took notes how the attempt ended, which calls it.
func (f *function[T]) Took(ok bool) {
	f.ok = ok
	f.ended.Store(true)
	f.tally.ended(false)
}

// result returns the result of the function. What its calls reported goes to the scope
// of ctx.
func (f *function[T]) result(ctx context.Context) Result[T] {
	if !f.ok {
		return Result[T]{Err: f.Answer.Failures()[0]}
	}
	degrade.Merge(ctx, f.Report(degrade.Source{}))
	return Result[T]{Value: f.Answer.Value}
}
