package fanout

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Field is a source for one field of the response, with its fallbacks. It is a
// value: each method returns a new Field. [NewPlan] reports what is wrong with it.
// Begin with [Required] or [Optional].
type Field[Req, Resp, T any] struct {
	path     string
	required bool
	set      func(Resp, T)
	answers  []codes.Code
	builder  attempt.Builder[Req, T]
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
// fallbacks fail, its field is [degrade.Missing]. NOT_FOUND is not a failure but
// an answer: the field is left alone and not marked. See [Required] for the
// parameters.
func Optional[Req, Resp, T any](
	path string, get func(ctx context.Context, req Req) (T, error), set func(resp Resp, value T),
) Field[Req, Resp, T] {
	f := Field[Req, Resp, T]{path: path, set: set, answers: []codes.Code{codes.NotFound}}
	f.builder = f.builder.Then(cmp.Or(path, "response"), degrade.Intact, get)
	return f
}

// Answers adds codes with which an optional source, as with NOT_FOUND, answers
// that it has no value: for example PERMISSION_DENIED, if it should look like
// absence.
func (f Field[Req, Resp, T]) Answers(more ...codes.Code) Field[Req, Resp, T] {
	f.answers = append(slices.Clip(f.answers), more...)
	return f
}

// Embed says that the value is the unchanged response of a call, so that what the
// other service reports of its field "avatar" holds for path.avatar here. The
// markers in the value itself are removed. Without Embed, a degraded response of a
// call makes the whole field [degrade.Partial].
func (f Field[Req, Resp, T]) Embed() Field[Req, Resp, T] {
	f.builder.Whole = true
	return f
}

// Fallback adds a step that is tried when those before it have failed. Its value
// is marked [degrade.Substituted]. Package fallback says when a fallback is used
// and how much time it has.
func (f Field[Req, Resp, T]) Fallback(name string, get func(ctx context.Context, req Req) (T, error)) Field[Req, Resp, T] {
	f.builder = f.builder.Then(name, degrade.Substituted, get)
	return f
}

// Stale adds a step that returns an earlier value of the source and the time at
// which it was current. The value is marked [degrade.Stale], with its age. The
// zero time means that the age is not known.
func (f Field[Req, Resp, T]) Stale(name string, get func(ctx context.Context, req Req) (T, time.Time, error)) Field[Req, Resp, T] {
	f.builder = f.builder.Stale(name, get)
	return f
}

// Default adds the last step: a value that is at hand, marked
// [degrade.Defaulted]. It is used even if the time is over when its turn comes.
func (f Field[Req, Resp, T]) Default(value func(req Req) T) Field[Req, Resp, T] {
	f.builder = f.builder.Default(value)
	return f
}

// Timeout bounds the step added last: the source itself, if no fallback has
// been added yet. Range [1ms, 24h]. Default: its share of the run's time.
func (f Field[Req, Resp, T]) Timeout(d time.Duration) Field[Req, Resp, T] {
	f.builder = f.builder.Timeout(d)
	return f
}

// Needs is the least time that the step added last must have left to be started,
// and the time that the steps before it reserve for it. Range [1µs, 24h].
// Default: the step is started with any time.
func (f Field[Req, Resp, T]) Needs(d time.Duration) Field[Req, Resp, T] {
	f.builder = f.builder.Needs(d)
	return f
}

// Guard puts the step added last under policies. A call on a guarded connection
// has its policies already. No two steps of a source may share a policy.
func (f Field[Req, Resp, T]) Guard(policies ...policy.Policy) Field[Req, Resp, T] {
	f.builder = f.builder.Guard(policies...)
	return f
}

// MaxRunning is how many runs of the step added last may be in progress at once,
// over all runs of the plan and including those left behind. Beyond it, the step
// fails at once. Range [1, 1000000]. Default 1024.
func (f Field[Req, Resp, T]) MaxRunning(n int) Field[Req, Resp, T] {
	f.builder = f.builder.MaxRunning(n)
	return f
}

// When replaces the rule that says after which errors of the source itself the
// next step is tried; see package fallback. The function must be safe for
// concurrent use.
func (f Field[Req, Resp, T]) When(fallsBack func(error) bool) Field[Req, Resp, T] {
	f.builder.When = fallsBack
	return f
}

func (f Field[Req, Resp, T]) field() string { return f.path }

// isMessage reports whether values are proto messages.
func isMessage[T any]() bool {
	var none T
	_, ok := any(none).(proto.Message)
	return ok
}

// cleared is value without markers of its own, if it is a message.
func cleared[T any](value T) T {
	if m, ok := any(value).(proto.Message); ok && m.ProtoReflect().IsValid() {
		return degrade.Cleared(m).(T) //nolint:errcheck,forcetypeassert // a message of the same type
	}
	return value
}
