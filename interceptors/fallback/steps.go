package fallback

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Steps are the ways to get a value, in the order in which they are tried. Each
// method returns new Steps and leaves the receiver unchanged. [New] reports what
// is wrong with them. Begin with [Try]; the zero Steps are not valid.
type Steps[In, T any] struct{ builder attempt.Builder[In, T] }

// Try returns Steps that begin with the one that should answer: the primary.
// The name is for errors, reports and observers.
func Try[In, T any](name string, f func(ctx context.Context, in In) (T, error)) Steps[In, T] {
	var b attempt.Builder[In, T]
	return Steps[In, T]{b.Then(name, degrade.Intact, f)}
}

// Fallback adds a step whose value is less fitting than the primary's. The
// value is marked [degrade.Substituted].
func (s Steps[In, T]) Fallback(name string, f func(ctx context.Context, in In) (T, error)) Steps[In, T] {
	return Steps[In, T]{s.builder.Then(name, degrade.Substituted, f)}
}

// Stale adds a step that returns an earlier value of the primary and the time
// at which it was current. The value is marked [degrade.Stale], with its age.
// The zero time means that the age is not known.
func (s Steps[In, T]) Stale(name string, f func(ctx context.Context, in In) (T, time.Time, error)) Steps[In, T] {
	return Steps[In, T]{s.builder.Stale(name, f)}
}

// Default adds the last step: a value that is at hand, marked
// [degrade.Defaulted]. f must return at once.
func (s Steps[In, T]) Default(f func(in In) T) Steps[In, T] {
	return Steps[In, T]{s.builder.Default(f)}
}

// Timeout bounds the step added last, within its share of the time. Range [1ms,
// 24h]. Default: its share.
func (s Steps[In, T]) Timeout(d time.Duration) Steps[In, T] {
	return Steps[In, T]{s.builder.Timeout(d)}
}

// Needs is the least time that the step added last must have left to be started,
// and the time that the steps before it reserve for it. Range [1µs, 24h].
// Default: the step is started with any time, and a quarter of the time is
// reserved for it.
func (s Steps[In, T]) Needs(d time.Duration) Steps[In, T] {
	return Steps[In, T]{s.builder.Needs(d)}
}

// Guard puts the step added last under policies, such as a rate limit for a
// database that is read when the cache is gone. No two steps may share a
// policy.
func (s Steps[In, T]) Guard(policies ...policy.Policy) Steps[In, T] {
	return Steps[In, T]{s.builder.Guard(policies...)}
}

// MaxRunning is how many runs of the step added last may be in progress at
// once, including those left behind. Beyond it, the step fails with
// [ErrRunning]. Range [1, 1000000]. Default 1024.
func (s Steps[In, T]) MaxRunning(n int) Steps[In, T] {
	return Steps[In, T]{s.builder.MaxRunning(n)}
}

// When replaces the rule that says after which errors of the first step the next one is
// tried; see the package documentation. The function must be safe for concurrent use.
func (s Steps[In, T]) When(fallsBack func(error) bool) Steps[In, T] {
	s.builder.When = fallsBack
	return s
}
