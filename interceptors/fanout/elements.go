package fanout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// The defaults of Elements.
const (
	DefaultParallel = 8
	DefaultMaxKeys  = 1000
	DefaultAtLeast  = 1
)

// Why elements were not asked for.
var (
	// ErrMaxKeys: the element's key was beyond [Elements.MaxKeys].
	ErrMaxKeys = errors.New("fanout: more keys than are asked for")
	// ErrNoTime: the run's time was over before the element's turn came.
	ErrNoTime = errors.New("fanout: no time left for the element")
)

// Elements is a source for a repeated field that asks for each element separately.
// It is a value: each method returns new Elements. Timeout, Guard and MaxRunning are
// those of the source itself, for each element; a fallback has its own. [NewPlan]
// reports what is wrong with them. Begin with [Each].
type Elements[Req, Resp, K, T any] struct {
	path     string
	keys     func(Req) []K
	set      func(Resp, []T)
	name     func(K) string // nil: elements have no names
	parallel int
	atLeast  int
	maxKeys  int
	answers  []codes.Code
	origin   origin[Element[Req, K], T]
}

// Element is the input of the fallbacks for one element: the request and the element's
// key.
type Element[Req, K any] struct {
	Req Req
	Key K
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
	var one func(context.Context, Element[Req, K]) (T, error)
	if get != nil {
		one = func(ctx context.Context, e Element[Req, K]) (T, error) { return get(ctx, e.Req, e.Key) }
	}
	return Elements[Req, Resp, K, T]{
		path: path, keys: keys, set: set, answers: []codes.Code{codes.NotFound},
		parallel: DefaultParallel, atLeast: DefaultAtLeast, maxKeys: DefaultMaxKeys,
		origin: origin[Element[Req, K], T]{itself: attempt.To(cmp.Or(path, "response"), one)},
	}
}

// Parallel sets how many elements are asked for at once. Range [1, 1000].
// Default 8.
func (e Elements[Req, Resp, K, T]) Parallel(n int) Elements[Req, Resp, K, T] {
	e.parallel = n
	return e
}

// Named makes markers name the elements, by the result of name. Default: they
// are not named, because a key may be personal. A marker has at most
// degrade.MaxKeys names, of at most degrade.MaxKeyBytes each, and the number of all.
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

// MaxKeys sets how many elements are asked for at most, which bounds what a request can
// make a run do. Keys that are equal count each. The elements beyond are missing: one
// marker has their number, without names, and nothing else is done for them. Range
// [1, 100000]. Default 1000.
func (e Elements[Req, Resp, K, T]) MaxKeys(n int) Elements[Req, Resp, K, T] {
	e.maxKeys = n
	return e
}

// Answers adds codes that, like NOT_FOUND, are answers: the element is left out.
func (e Elements[Req, Resp, K, T]) Answers(more ...codes.Code) Elements[Req, Resp, K, T] {
	e.answers = append(slices.Clip(e.answers), more...)
	return e
}

// Embed declares that each value is the unchanged response of a call, so that what
// the other service reports of its field "price" holds for path[*].price here.
// See [Field.Embed].
func (e Elements[Req, Resp, K, T]) Embed() Elements[Req, Resp, K, T] {
	e.origin.whole = true
	return e
}

// Else returns the source with more fallbacks for each element, see [Field.Else]. Their
// input is the request and the element's key.
func (e Elements[Req, Resp, K, T]) Else(steps ...fallback.Step[Element[Req, K], T]) Elements[Req, Resp, K, T] {
	e.origin = e.origin.orElse(steps)
	return e
}

// Timeout bounds the source itself for each element, see [Field.Timeout].
func (e Elements[Req, Resp, K, T]) Timeout(d time.Duration) Elements[Req, Resp, K, T] {
	e.origin.itself = e.origin.itself.Timeout(d)
	return e
}

// Guard puts the source itself under policies for each element, see [Field.Guard].
func (e Elements[Req, Resp, K, T]) Guard(policies ...policy.Policy) Elements[Req, Resp, K, T] {
	e.origin.itself = e.origin.itself.Guard(policies...)
	return e
}

// MaxRunning bounds how many elements are asked for at once, over all runs of the plan
// and including those left behind. It must be at least [Elements.Parallel]. See
// [Field.MaxRunning].
func (e Elements[Req, Resp, K, T]) MaxRunning(n int) Elements[Req, Resp, K, T] {
	e.origin.itself = e.origin.itself.MaxRunning(n)
	return e
}

// field implements [Source].
func (e Elements[Req, Resp, K, T]) field() string { return e.path }

// declare implements [Source].
func (e Elements[Req, Resp, K, T]) declare(label string, d Declaration) (Source[Req, Resp], error) {
	var err error
	e.origin, err = e.origin.obey(label, false, d)
	return e, err
}

// bind implements [Source].
func (e Elements[Req, Resp, K, T]) bind(
	c *Config, label string, md protoreflect.MessageDescriptor,
) (binding[Req, Resp], error) {
	f := validate.Of(label)
	f.Require(e.keys != nil, "keys", "nil", "a function")
	f.Require(!strings.HasSuffix(e.path, "[*]"), "path", fmt.Sprintf("%q", e.path), "that of the repeated field, without [*]")
	f.Require(e.set != nil, "setter", "nil", "a function")
	f.Require(!e.origin.whole || isMessage[T](), "embed", fmt.Sprintf("true for %T", *new(T)), "for a proto message")
	validate.Between(f, "parallel", e.parallel, 1, 1000)
	validate.Between(f, "at_least", e.atLeast, 0, 100_000)
	validate.Between(f, "max_keys", e.maxKeys, 1, 100_000)
	_, running := e.origin.itself.Bounds()
	f.Require(running < 1 || running >= e.parallel, "max_running", running, fmt.Sprintf("at least parallel, %d", e.parallel))
	chain, err := e.origin.build(c, label, e.path, e.answered, e.atLeast == 0, true)
	return &elementsBinding[Req, Resp, K, T]{spec: e, chain: chain},
		errors.Join(labelled(label, checkPath(degrade.Elements(e.path), md)), f.Err(), err)
}

// answered reports whether an error is the answer that there is no such element.
func (e Elements[Req, Resp, K, T]) answered(err error) bool { return isAnswer(err, e.answers) }

// elementsBinding is checked Elements.
type elementsBinding[Req, Resp, K, T any] struct {
	spec  Elements[Req, Resp, K, T]
	chain *attempt.Chain[Element[Req, K], T]
	place int // in the plan
}

func (b *elementsBinding[Req, Resp, K, T]) path() string { return b.spec.path }

func (b *elementsBinding[Req, Resp, K, T]) overtime() bool { return b.chain.Overtime() }

// kind returns one of its own.
func (b *elementsBinding[Req, Resp, K, T]) kind() any { return b }

func (b *elementsBinding[Req, Resp, K, T]) take(_ binding[Req, Resp], place int) { b.place = place }

func (b *elementsBinding[Req, Resp, K, T]) begin(r *run[Req, Resp]) {
	r.tasks[b.place] = &elementsTask[Req, Resp, K, T]{binding: b, run: r, all: r.requires(b.spec.path)}
}
