package fanout

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// The defaults of Elements.
const (
	DefaultParallel = 8
	DefaultMaxKeys  = 1000
	DefaultAtLeast  = 1
)

// Elements is a source for a repeated field that asks for each element separately.
// It is a value: each method returns new Elements. [NewPlan] reports what is wrong
// with them. Begin with [Each].
type Elements[Req, Resp, K, T any] struct {
	path     string
	keys     func(Req) []K
	set      func(Resp, []T)
	name     func(K) string // nil: elements have no names
	parallel int
	atLeast  int
	maxKeys  int
	answers  []codes.Code
	builder  attempt.Builder[element[Req, K], T]
}

// element is the input for one element.
type element[Req, K any] struct {
	req Req
	key K
}

// Each returns Elements that call get for each of the request's keys, several at
// a time, and pass the values that arrived to set, in the order of the keys. The
// elements that did not arrive are marked [degrade.Missing] at path[*], with
// their number and, see [Elements.Named], their names. An element that is
// NOT_FOUND is left out without a mark. If too few arrive, see
// [Elements.AtLeast], the whole field is missing.
//
// The path is that of the repeated field, without [*]. See [Required] for what the
// functions may do.
func Each[Req, Resp, K, T any](
	path string, keys func(req Req) []K, get func(ctx context.Context, req Req, key K) (T, error), set func(resp Resp, values []T),
) Elements[Req, Resp, K, T] {
	e := Elements[Req, Resp, K, T]{
		path: path, keys: keys, set: set, answers: []codes.Code{codes.NotFound},
		parallel: DefaultParallel, atLeast: DefaultAtLeast, maxKeys: DefaultMaxKeys,
	}
	e.builder = e.builder.Then(cmp.Or(path, "response"), degrade.Intact, byKey(get))
	return e
}

// byKey makes a step of a function that takes a key.
func byKey[Req, K, T any](get func(context.Context, Req, K) (T, error)) func(context.Context, element[Req, K]) (T, error) {
	if get == nil {
		return nil
	}
	return func(ctx context.Context, e element[Req, K]) (T, error) { return get(ctx, e.req, e.key) }
}

// Parallel sets how many elements are asked for at once. Range [1, 1000].
// Default 8.
func (e Elements[Req, Resp, K, T]) Parallel(n int) Elements[Req, Resp, K, T] {
	e.parallel = n
	return e
}

// Named makes markers name the elements, by the result of name. Default: they
// are not named, because a key may be personal.
func (e Elements[Req, Resp, K, T]) Named(name func(key K) string) Elements[Req, Resp, K, T] {
	e.name = name
	return e
}

// AtLeast sets how many elements, or all if there are fewer, must arrive or be
// answered with NOT_FOUND. With fewer, the whole field is missing. Range [0,
// 100000]. Default 1.
func (e Elements[Req, Resp, K, T]) AtLeast(n int) Elements[Req, Resp, K, T] {
	e.atLeast = n
	return e
}

// MaxKeys sets how many elements are asked for at most. The rest are missing.
// Range [1, 100000]. Default 1000.
func (e Elements[Req, Resp, K, T]) MaxKeys(n int) Elements[Req, Resp, K, T] {
	e.maxKeys = n
	return e
}

// Answers adds codes that, like NOT_FOUND, are answers: the element is left out.
func (e Elements[Req, Resp, K, T]) Answers(more ...codes.Code) Elements[Req, Resp, K, T] {
	e.answers = append(slices.Clip(e.answers), more...)
	return e
}

// Embed says that each value is the unchanged response of a call, so that what
// the other service reports of its field "price" holds for path[*].price here.
// See [Field.Embed].
func (e Elements[Req, Resp, K, T]) Embed() Elements[Req, Resp, K, T] {
	e.builder.Whole = true
	return e
}

// Fallback is [Field.Fallback] for each element.
func (e Elements[Req, Resp, K, T]) Fallback(
	name string, get func(ctx context.Context, req Req, key K) (T, error),
) Elements[Req, Resp, K, T] {
	e.builder = e.builder.Then(name, degrade.Substituted, byKey(get))
	return e
}

// Default is [Field.Default] for each element.
func (e Elements[Req, Resp, K, T]) Default(value func(req Req, key K) T) Elements[Req, Resp, K, T] {
	var f func(element[Req, K]) T
	if value != nil {
		f = func(e element[Req, K]) T { return value(e.req, e.key) }
	}
	e.builder = e.builder.Default(f)
	return e
}

// Timeout is [Field.Timeout] for each element.
func (e Elements[Req, Resp, K, T]) Timeout(d time.Duration) Elements[Req, Resp, K, T] {
	e.builder = e.builder.Timeout(d)
	return e
}

// Guard is [Field.Guard] for each element.
func (e Elements[Req, Resp, K, T]) Guard(policies ...policy.Policy) Elements[Req, Resp, K, T] {
	e.builder = e.builder.Guard(policies...)
	return e
}

// MaxRunning is [Field.MaxRunning] for elements, over all runs of the plan. For
// the first step it must be at least [Elements.Parallel].
func (e Elements[Req, Resp, K, T]) MaxRunning(n int) Elements[Req, Resp, K, T] {
	e.builder = e.builder.MaxRunning(n)
	return e
}

func (e Elements[Req, Resp, K, T]) field() string { return e.path }
