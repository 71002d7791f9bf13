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

// Elements is a source of the elements of a repeated field, which asks for each of
// them. It is a value: each method returns new Elements. What is wrong with them,
// [NewPlan] says. Begin with [Each].
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

// element is what one element is asked with.
type element[Req, K any] struct {
	req Req
	key K
}

// Each asks get for each of the keys that the request has, some at a time, and
// gives set what arrived, in the order of the keys. Elements that did not arrive
// are marked, as a number and perhaps by name, at path[*]: [degrade.Missing]. An
// element that is NOT_FOUND is left out, and nothing is said of it. If too few
// arrive, see [Elements.AtLeast], the field as a whole is missing.
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

// byKey makes a step of a function that is asked with a key.
func byKey[Req, K, T any](get func(context.Context, Req, K) (T, error)) func(context.Context, element[Req, K]) (T, error) {
	if get == nil {
		return nil
	}
	return func(ctx context.Context, e element[Req, K]) (T, error) { return get(ctx, e.req, e.key) }
}

// Parallel is how many elements are asked for at once. Range [1, 1000].
// Default 8.
func (e Elements[Req, Resp, K, T]) Parallel(n int) Elements[Req, Resp, K, T] {
	e.parallel = n
	return e
}

// Named has markers name the elements. Off by default: a key may be personal.
func (e Elements[Req, Resp, K, T]) Named(name func(key K) string) Elements[Req, Resp, K, T] {
	e.name = name
	return e
}

// AtLeast is how many elements must arrive, or all if there are fewer, for the
// field not to be missing as a whole. Range [0, 100000]. Default 1.
func (e Elements[Req, Resp, K, T]) AtLeast(n int) Elements[Req, Resp, K, T] {
	e.atLeast = n
	return e
}

// MaxKeys is how many elements are asked for. The rest are missing. Range
// [1, 100000]. Default 1000.
func (e Elements[Req, Resp, K, T]) MaxKeys(n int) Elements[Req, Resp, K, T] {
	e.maxKeys = n
	return e
}

// Answers says which codes besides NOT_FOUND are answers: the element is left out.
func (e Elements[Req, Resp, K, T]) Answers(more ...codes.Code) Elements[Req, Resp, K, T] {
	e.answers = append(slices.Clip(e.answers), more...)
	return e
}

// Embed says that each value is the response of a call as it is, so that what the
// other service says of its field "price" holds for path[*].price here. See
// [Field.Embed].
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

// MaxRunning is [Field.MaxRunning], of elements in all runs of the plan. The first
// step needs as many as [Elements.Parallel] at least.
func (e Elements[Req, Resp, K, T]) MaxRunning(n int) Elements[Req, Resp, K, T] {
	e.builder = e.builder.MaxRunning(n)
	return e
}

func (e Elements[Req, Resp, K, T]) field() string { return e.path }
