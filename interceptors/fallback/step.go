package fallback

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Step is one way to get a value of type T for an input of type In. It is a value:
// each method returns a changed copy, so a step may be used in several places, which
// bound and count it separately. Make one with [To], [Stale], [LastGood] or [Default], or with the
// methods of [Method], and give it to a chain ([New]), to a client's method
// ([Method.Else]) or to a source of a plan (Else of fanout.Field and fanout.Elements).
// These report what is wrong with it.
type Step[In, T any] attempt.Step[In, T]

// To returns a step that calls f. The name is for errors, reports and observers. The
// value is as it should be if the step is the first of its chain, and marked as
// substituted if it is not.
func To[In, T any](name string, f func(ctx context.Context, in In) (T, error)) Step[In, T] {
	return Step[In, T](attempt.To(name, f))
}

// Stale returns a step that gives an earlier value and the time at which it was
// current. The value is marked as stale, with its age. The zero time means that the
// age is not known. Another step must come first. f must find the value by all on which
// it depends, the caller included; see the package documentation.
func Stale[In, T any](name string, f func(ctx context.Context, in In) (T, time.Time, error)) Step[In, T] {
	return Step[In, T](attempt.Stale(name, f))
}

// LastGood returns a step that answers with the last good value that the first step of its
// chain, or the source itself in a plan, gave for the same key. It is marked as stale, with
// its age. The store keeps these values, except those that are reported to be incomplete,
// by the name of the chain, or that of the plan and the path of the source: what has the
// same names and shares a store shares its values.
//
// key returns all on which the value depends: what is asked for and, unless it is the same
// for everybody, who is asking. It returns false if that is not known, for instance because
// nobody is logged in; an empty key is not known either. Then the value is not kept, and
// none is given. The same if key panics. If a key has several parts, they must be joined so
// that no two callers get the same text: quoted, or with their lengths. key is called on
// the goroutine of the step, must not change or keep the input, and must be safe for
// concurrent use.
//
// It is for chains and plans; a client's method makes its own, see [Method.LastGood].
func LastGood[In any, T proto.Message](store *Store, key func(ctx context.Context, in In) (key string, known bool)) Step[In, T] {
	s := attempt.LastGood("last good", func(label string) attempt.Keeping[In, T] {
		l := lastValue[In, T]{store: store, owner: label, key: key}
		return attempt.Keeping[In, T]{Get: l.find, Keep: l.keep}
	})
	switch {
	case store == nil:
		s = s.Without("store", "made by NewStore")
	case key == nil:
		s = s.Without("key", "a function")
	}
	return Step[In, T](s)
}

// Default returns a step whose value is at hand, and marked as defaulted. f must
// return at once. No step can come after it, and it takes no time, needs or guards of
// its own.
func Default[In, T any](f func(in In) T) Step[In, T] {
	return Step[In, T](attempt.Default(f))
}

// Timeout returns the step with a bound on its time, within its share. Range [1ms,
// 24h]. Default: its share.
func (s Step[In, T]) Timeout(d time.Duration) Step[In, T] {
	return Step[In, T](attempt.Step[In, T](s).Timeout(d))
}

// Needs returns the step with the least time that it must have left to be started,
// and that the steps before it reserve for it. Range [1µs, 24h]. Default: the step is
// started with any time, and a quarter of the time is reserved for it.
func (s Step[In, T]) Needs(d time.Duration) Step[In, T] {
	return Step[In, T](attempt.Step[In, T](s).Needs(d))
}

// Guard returns the step under more policies, such as a rate limit for a database
// that is read when the cache is gone. No two steps of one chain may share a policy.
func (s Step[In, T]) Guard(policies ...policy.Policy) Step[In, T] {
	return Step[In, T](attempt.Step[In, T](s).Guard(policies...))
}

// MaxRunning returns the step with a bound on how many runs of it may be in progress
// at once, including those left behind. Beyond it, the step fails with
// step.ErrRunning. Range [1, 1000000]. Default 1024.
func (s Step[In, T]) MaxRunning(n int) Step[In, T] {
	return Step[In, T](attempt.Step[In, T](s).MaxRunning(n))
}

// unwrapped returns the steps as the chains of package attempt take them, after the
// first ones.
func unwrapped[In, T any](first []attempt.Step[In, T], steps []Step[In, T]) []attempt.Step[In, T] {
	for _, s := range steps {
		first = append(first, attempt.Step[In, T](s))
	}
	return first
}
