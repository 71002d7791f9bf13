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
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
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
	c := newCollection(ctx, timeout, functions)
	if len(c.all) > 0 {
		c.run(timeout)
	}
	return c.results
}

// collection is one Collect. The goroutines of the functions write only to these and the
// tally; everything else belongs to the one that collects.
type collection[T any] struct {
	ctx     until // the functions'
	tally   tally
	chain   attempt.Functions[*function[T], T]
	all     []function[T]
	next    atomic.Int64 // the first that was not started
	results map[string]Result[T]
}

// newCollection makes the collection of the functions, with the errors of those that are
// nil.
func newCollection[T any](
	ctx context.Context, timeout time.Duration, functions map[string]func(ctx context.Context) (T, error),
) *collection[T] {
	c := &collection[T]{
		ctx:     until{Context: ctx, end: endOf(ctx, timeout)},
		all:     make([]function[T], len(functions)),
		results: make(map[string]Result[T], len(functions)),
	}
	c.chain.Make("fanout.Collect", call[T], (*function[T]).logged)
	n := 0
	for name, f := range functions {
		own := &c.all[n]
		if own.name, own.call, own.of = name, f, c; f == nil {
			c.results[name] = Result[T]{Err: own.missing()}
			continue
		}
		n++
	}
	c.all = c.all[:n]
	return c
}

// endOf returns when the timeout is over, zero if there is none before the deadline of
// ctx.
func endOf(ctx context.Context, timeout time.Duration) policy.Instant {
	if timeout <= 0 {
		return 0
	}
	end := policy.Now().Add(timeout)
	if before, ok := ctx.Deadline(); ok && policy.InstantOf(before) <= end {
		return 0
	}
	return end
}

// run asks all functions and takes what they answer until the timeout, if there is one.
func (c *collection[T]) run(timeout time.Duration) {
	c.tally.of(len(c.all))
	if timeout > 0 {
		defer time.AfterFunc(timeout, c.tally.expire).Stop()
	}
	ask := c.ask // one closure for all
	for range c.all {
		go ask()
	}
	c.ctx.finish(c.tally.wait(c.ctx.Context, c))
	for i := range c.all {
		if f := &c.all[i]; !f.settled {
			c.results[f.name] = Result[T]{Err: c.ctx.Err()}
		}
	}
}

// ask asks the next function.
func (c *collection[T]) ask() {
	f := &c.all[c.next.Add(1)-1]
	f.Start(&c.ctx, c.chain.Chain(), f, f)
}

// look takes what has ended.
func (c *collection[T]) look() bool {
	all := true
	for i := range c.all {
		f := &c.all[i]
		if !f.settled && f.ended.Load() {
			f.settled = true
			c.results[f.name] = f.result(c.ctx.Context)
		}
		all = all && f.settled
	}
	return all
}

// function is one that runs.
type function[T any] struct {
	attempt.Run[*function[T], T]

	name string
	call func(context.Context) (T, error)
	of   *collection[T]
	// ok is written before ended is set, and read after.
	ok    bool
	ended atomic.Bool
	// settled: the result was taken. Only the goroutine that collects knows.
	settled bool
}

// call calls a function, as that of a step.
func call[T any](ctx context.Context, f *function[T]) (T, time.Time, error) { //nolint:unparam // steps say how old a value is
	value, err := f.call(ctx)
	return value, time.Time{}, err
}

// logged returns the name for logs and errors.
func (f *function[T]) logged() string { return cmp.Or(excerpt.Of(f.name), "function") }

// missing returns the error of a function that is nil.
func (f *function[T]) missing() error {
	faults := validate.Of(fmt.Sprintf("fanout.Collect %q, step %q", excerpt.Of(f.name), f.logged()))
	faults.Require(false, "function", "nil", "a function")
	return faults.Err()
}

// Took notes how the attempt ended, which calls it.
func (f *function[T]) Took(ok bool) {
	f.ok = ok
	f.ended.Store(true)
	f.of.tally.ended(false)
}

// result returns the result of the function. What its calls reported goes to the scope
// of ctx.
func (f *function[T]) result(ctx context.Context) Result[T] {
	switch {
	case !f.ok:
		return Result[T]{Err: f.Answer.Failures()[0]}
	case !f.Plain():
		degrade.Merge(ctx, f.Report(degrade.Source{}))
	}
	return Result[T]{Value: f.Answer.Value}
}
