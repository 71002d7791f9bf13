package fallback

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Steps are the ways to a value, in the order in which they are tried. Each
// method returns new Steps and leaves the receiver as it was. What is wrong with
// them, [New] says. Begin with [Try]; the zero Steps are none.
type Steps[In, T any] struct{ builder attempt.Builder[In, T] }

// Try begins with the step that should answer: the primary. Its name is for
// errors, reports and observers.
func Try[In, T any](name string, f func(ctx context.Context, in In) (T, error)) Steps[In, T] {
	var b attempt.Builder[In, T]
	return Steps[In, T]{b.Then(name, degrade.Intact, f)}
}

// Fallback adds a step whose value is less fitting than the primary's: it is
// marked [degrade.Substituted].
func (s Steps[In, T]) Fallback(name string, f func(ctx context.Context, in In) (T, error)) Steps[In, T] {
	return Steps[In, T]{s.builder.Then(name, degrade.Substituted, f)}
}

// Stale adds a step whose value was the primary's once, as of the time that it
// returns: it is marked [degrade.Stale], with its age. The zero time is an age
// that is not known.
func (s Steps[In, T]) Stale(name string, f func(ctx context.Context, in In) (T, time.Time, error)) Steps[In, T] {
	return Steps[In, T]{s.builder.Stale(name, f)}
}

// Default adds the last step: a value that is at hand and marked
// [degrade.Defaulted].
func (s Steps[In, T]) Default(f func(in In) T) Steps[In, T] {
	return Steps[In, T]{s.builder.Default(f)}
}

// Timeout bounds the step named last, within its share of the time. Range
// [1ms, 24h]. Default: its share.
func (s Steps[In, T]) Timeout(d time.Duration) Steps[In, T] {
	return Steps[In, T]{s.builder.Timeout(d)}
}

// Needs is the least time that the step named last is started with, and what the
// steps before leave to it. Range [1µs, 24h]. Default: started with any time, and
// left a quarter of what there is.
func (s Steps[In, T]) Needs(d time.Duration) Steps[In, T] {
	return Steps[In, T]{s.builder.Needs(d)}
}

// Guard puts the step named last under policies: a rate limit before the
// database that is read when the cache is gone. No two steps may share one.
func (s Steps[In, T]) Guard(policies ...policy.Policy) Steps[In, T] {
	return Steps[In, T]{s.builder.Guard(policies...)}
}

// MaxRunning is how many of the step named last may run at once, those left
// behind among them; beyond it the step fails with [ErrRunning]. Range
// [1, 1000000]. Default 1024.
func (s Steps[In, T]) MaxRunning(n int) Steps[In, T] {
	return Steps[In, T]{s.builder.MaxRunning(n)}
}

// When replaces the rule for which errors of the first step the next one is tried
// after, see the package's documentation. The function must be safe for concurrent use.
func (s Steps[In, T]) When(fallsBack func(error) bool) Steps[In, T] {
	s.builder.When = fallsBack
	return s
}
