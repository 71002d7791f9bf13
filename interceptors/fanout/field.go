package fanout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Field is a source for one field of the response, with its fallbacks. It is a
// value: each method returns a new Field. Timeout, Needs, Guard and MaxRunning are
// those of the source itself; a fallback has its own. [NewPlan] reports what is wrong
// with it. Begin with [Required] or [Optional].
type Field[Req, Resp, T any] struct {
	path     string
	required bool
	set      func(Resp, T)
	answers  []codes.Code
	origin   origin[Req, T]
}

// Required returns a source that the response cannot do without: if it and its
// fallbacks fail, the run fails with its status, and the other sources are
// cancelled.
//
// The path is that of the field that set fills, see package degrade. get must not
// write to the request, and set must do nothing but set the field. The setters of
// generated messages will do, such as (*pb.Dashboard).SetUser of the opaque API.
func Required[Req, Resp, T any](
	path string, get func(ctx context.Context, req Req) (T, error), set func(resp Resp, value T),
) Field[Req, Resp, T] {
	f := Optional(path, get, set)
	f.required = true
	return f
}

// Optional returns a source that the response can do without: if it and its
// fallbacks fail, its field is degrade.Missing. NOT_FOUND is not a failure but
// an answer: the field is left alone and not marked. Its calls matter one class less than
// the request, see package criticality. See [Required] for the parameters.
func Optional[Req, Resp, T any](
	path string, get func(ctx context.Context, req Req) (T, error), set func(resp Resp, value T),
) Field[Req, Resp, T] {
	return Field[Req, Resp, T]{
		path: path, set: set, answers: []codes.Code{codes.NotFound},
		origin: origin[Req, T]{itself: attempt.To(cmp.Or(path, "response"), get)},
	}
}

// Answers returns the source with more codes with which an optional source, as with
// NOT_FOUND, answers that it has no value: for example PERMISSION_DENIED, if it should
// look like absence.
func (f Field[Req, Resp, T]) Answers(more ...codes.Code) Field[Req, Resp, T] {
	f.answers = append(slices.Clip(f.answers), more...)
	return f
}

// Embed declares that the value is the unchanged response of a call, so that what the
// other service reports of its field "avatar" holds for path.avatar here. The
// markers in the value itself are removed. Without Embed, as where a list is taken out of
// the response, what a response says of itself as a whole holds for the field, such as that
// it is old or a default, and anything else that is degraded makes the whole field
// degrade.Partial.
func (f Field[Req, Resp, T]) Embed() Field[Req, Resp, T] {
	f.origin.whole = true
	return f
}

// Else returns the source with more fallbacks. If it fails, they are tried in their
// order. Package fallback says when a fallback is used and how much time it has. A
// [fallback.Default] is used even if the time is over when its turn comes.
func (f Field[Req, Resp, T]) Else(steps ...fallback.Step[Req, T]) Field[Req, Resp, T] {
	f.origin = f.origin.orElse(steps)
	return f
}

// Timeout bounds the source itself. Range [1ms, 24h]. Default: its share of the run's
// time.
func (f Field[Req, Resp, T]) Timeout(d time.Duration) Field[Req, Resp, T] {
	f.origin.itself = f.origin.itself.Timeout(d)
	return f
}

// Needs sets the least time that the source itself must have left to be asked. Range
// [1µs, 24h]. Default: it is asked with any time.
func (f Field[Req, Resp, T]) Needs(d time.Duration) Field[Req, Resp, T] {
	f.origin.itself = f.origin.itself.Needs(d)
	return f
}

// Guard puts the source itself under policies. A call on a guarded connection
// has its policies already. No two steps of a source may share a policy.
func (f Field[Req, Resp, T]) Guard(policies ...policy.Policy) Field[Req, Resp, T] {
	f.origin.itself = f.origin.itself.Guard(policies...)
	return f
}

// MaxRunning bounds how many runs of the source itself may be in progress at once,
// over all runs of the plan and including those left behind. Beyond it, the source
// fails at once. Range [1, 1000000]. Default 1024.
func (f Field[Req, Resp, T]) MaxRunning(n int) Field[Req, Resp, T] {
	f.origin.itself = f.origin.itself.MaxRunning(n)
	return f
}

// When replaces the rule that says after which errors of the source itself the
// fallbacks are tried; see package fallback. The function must be safe for concurrent
// use.
func (f Field[Req, Resp, T]) When(fallsBack func(error) bool) Field[Req, Resp, T] {
	f.origin.when = fallsBack
	return f
}

// field implements [Source].
func (f Field[Req, Resp, T]) field() string { return f.path }

// declare implements [Source].
func (f Field[Req, Resp, T]) declare(label string, d Declaration) (Source[Req, Resp], error) {
	var err error
	f.origin, err = f.origin.obey(label, f.required, d)
	return f, err
}

// bind implements [Source].
func (f Field[Req, Resp, T]) bind(
	c *Config, label string, md protoreflect.MessageDescriptor,
) (binding[Req, Resp], error) {
	faults := validate.Of(label)
	faults.Require(f.set != nil, "setter", "nil", "a function")
	if f.origin.whole && !isMessage[T]() {
		faults.Require(false, "embed", fmt.Sprintf("true for %T", *new(T)), "for a proto message")
	}
	if f.required && len(f.answers) != 1 {
		faults.Require(false, "answers", f.answers, "unset: the source is required")
	}
	chain, err := f.origin.build(c, label, f.path, f.answered, !f.required, !f.required)
	return &fieldBinding[Req, Resp, T]{spec: f, chain: chain},
		errors.Join(labelled(label, checkPath(f.path, md)), faults.Err(), err)
}

// answered reports whether an error is the answer that there is no value.
func (f Field[Req, Resp, T]) answered(err error) bool {
	return !f.required && isAnswer(err, f.answers)
}

// fieldKind is the kind of all fields with values of type T.
type fieldKind[T any] struct{}

// fieldBinding is a Field that was checked.
type fieldBinding[Req, Resp, T any] struct {
	spec  Field[Req, Resp, T]
	chain *attempt.Chain[Req, T]
	// taken are the bindings that it begins, and their places in the plan.
	taken  []*fieldBinding[Req, Resp, T]
	places []int
}

func (b *fieldBinding[Req, Resp, T]) path() string { return b.spec.path }

func (b *fieldBinding[Req, Resp, T]) overtime() bool { return b.chain.Overtime() }

// kind returns that of the fields of one type.
func (b *fieldBinding[Req, Resp, T]) kind() any { return fieldKind[T]{} }

func (b *fieldBinding[Req, Resp, T]) take(other binding[Req, Resp], place int) {
	b.taken = append(b.taken, other.(*fieldBinding[Req, Resp, T])) //nolint:errcheck,forcetypeassert // of the same kind
	b.places = append(b.places, place)
}

func (b *fieldBinding[Req, Resp, T]) begin(r *run[Req, Resp]) {
	tasks := make([]fieldTask[Req, Resp, T], len(b.taken))
	for i := range tasks {
		t := &tasks[i]
		t.binding, t.run = b.taken[i], r
		t.attempt.Require(r.requires(t.binding.spec.path))
		r.tasks[b.places[i]] = t
	}
}
