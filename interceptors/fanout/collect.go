package fanout

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
)

// Result is what one function of [Collect] came to.
type Result[T any] struct {
	Value T
	Err   error
}

// Collect runs all functions at once and returns what each came to, when all have
// ended, or at the timeout, or when ctx ends; every key is there. A function that
// has not ended by then has the error of its context, and its late value is
// dropped. A panic is a [policy.PanicError]. A timeout of zero or less is none.
//
// It is for a few values by name, without a response to fill: nothing is marked by
// it, and nothing bounds how many functions run that ignored the end of their time.
// What calls made by the functions report is said of what is made under ctx, see
// [degrade.Under]. A nil function has an error.
func Collect[T any](
	ctx context.Context, timeout time.Duration, functions map[string]func(ctx context.Context) (T, error),
) map[string]Result[T] {
	if timeout > 0 {
		within, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return collect(within, ctx, functions)
	}
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	return collect(within, ctx, functions)
}

// collect runs the functions within one context; what their calls report is said
// of what is made under the other.
func collect[T any](
	within, under context.Context, functions map[string]func(ctx context.Context) (T, error),
) map[string]Result[T] {
	results := make(map[string]Result[T], len(functions))
	running := make(map[string]*function[T], len(functions))
	reported := make(chan *function[T], len(functions))
	for name, f := range functions {
		chain, err := chainOf(name, f)
		if err != nil {
			results[name] = Result[T]{Err: err}
			continue
		}
		running[name] = &function[T]{name: name, reported: reported}
		go running[name].attempt.Start(within, chain, struct{}{}, running[name])
	}
	await(within, reported, len(running), func(f *function[T]) bool {
		delete(running, f.name)
		degrade.Merge(under, f.answer.Report)
		results[f.name] = Result[T]{Value: f.answer.Value, Err: fallback.ErrorOf(f.name, nil, f.answer.Failures)}
		return true
	})
	for name, f := range running {
		f.attempt.Abandon()
		results[name] = Result[T]{Err: within.Err()}
	}
	return results
}

// chainOf makes a chain of one function.
func chainOf[T any](name string, f func(ctx context.Context) (T, error)) (*attempt.Chain[struct{}, T], error) {
	var b attempt.Builder[struct{}, T]
	var get func(context.Context, struct{}) (T, error)
	if f != nil {
		get = func(ctx context.Context, _ struct{}) (T, error) { return f(ctx) }
	}
	return b.Then(cmp.Or(name, "function"), degrade.Intact, get).Build(fmt.Sprintf("fanout.Collect %q", name), nil)
}

// function is one that runs.
type function[T any] struct {
	name     string
	reported chan<- *function[T]
	attempt  attempt.Run[struct{}, T]
	// answer is written before the function reports, and read after.
	answer attempt.Answer[T]
}

// Took is called by the attempt.
func (f *function[T]) Took(a attempt.Answer[T], _ bool) {
	f.answer = a
	f.reported <- f
}
