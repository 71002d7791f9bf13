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

// Field is a source of one field of the response, and what to do when it fails.
// It is a value: each method returns a new Field. What is wrong with it, [NewPlan]
// says. Begin with [Required] or [Optional].
type Field[Req, Resp, T any] struct {
	path     string
	required bool
	set      func(Resp, T)
	answers  []codes.Code
	builder  attempt.Builder[Req, T]
}

// Required is a source that the response cannot do without: if it fails, and its
// fallbacks do, the run fails with its status, and the other sources are
// cancelled.
//
// The path is that of the field that set fills, see package degrade; get must not
// write to the request, and set must do nothing else than to set the field: setters
// of generated messages do, as in (*pb.Dashboard).SetUser of the opaque API.
func Required[Req, Resp, T any](
	path string, get func(ctx context.Context, req Req) (T, error), set func(resp Resp, value T),
) Field[Req, Resp, T] {
	f := Optional(path, get, set)
	f.required = true
	return f
}

// Optional is a source that the response can do without: if it fails, and its
// fallbacks do, its field is [degrade.Missing]. NOT_FOUND is no failure but an
// answer: the field stays as it is, and nothing is said of it. See [Required] for
// the parameters.
func Optional[Req, Resp, T any](
	path string, get func(ctx context.Context, req Req) (T, error), set func(resp Resp, value T),
) Field[Req, Resp, T] {
	f := Field[Req, Resp, T]{path: path, set: set, answers: []codes.Code{codes.NotFound}}
	f.builder = f.builder.Then(cmp.Or(path, "response"), degrade.Intact, get)
	return f
}

// Answers says which codes besides NOT_FOUND are answers of an optional source
// that has no value to give: PERMISSION_DENIED where it shall look like absence,
// say.
func (f Field[Req, Resp, T]) Answers(more ...codes.Code) Field[Req, Resp, T] {
	f.answers = append(slices.Clip(f.answers), more...)
	return f
}

// Embed says that the value is the response of a call as it is, so that what the
// other service says of its field "avatar" holds for path.avatar here. Its own
// markers are taken out of the value. Without Embed, a degraded response of a call
// makes the field as a whole [degrade.Partial].
func (f Field[Req, Resp, T]) Embed() Field[Req, Resp, T] {
	f.builder.Whole = true
	return f
}

// Fallback adds a step that is asked when those before it failed. Its value is
// marked [degrade.Substituted]. Package fallback says when a fallback is used and
// what time it has.
func (f Field[Req, Resp, T]) Fallback(name string, get func(ctx context.Context, req Req) (T, error)) Field[Req, Resp, T] {
	f.builder = f.builder.Then(name, degrade.Substituted, get)
	return f
}

// Stale adds a step whose value was the source's once, as of the time that it
// returns: it is marked [degrade.Stale], with its age.
func (f Field[Req, Resp, T]) Stale(name string, get func(ctx context.Context, req Req) (T, time.Time, error)) Field[Req, Resp, T] {
	f.builder = f.builder.Stale(name, get)
	return f
}

// Default adds the last step: a value that is at hand and marked
// [degrade.Defaulted]. It is used even if the time is over when its turn comes.
func (f Field[Req, Resp, T]) Default(value func(req Req) T) Field[Req, Resp, T] {
	f.builder = f.builder.Default(value)
	return f
}

// Timeout bounds the step named last, the source itself before a fallback is
// named. Range [1ms, 24h]. Default: its share of the run's time.
func (f Field[Req, Resp, T]) Timeout(d time.Duration) Field[Req, Resp, T] {
	f.builder = f.builder.Timeout(d)
	return f
}

// Needs is the least time that the step named last is started with, and what the
// steps before it leave to it. Range [1µs, 24h]. Default: started with any time.
func (f Field[Req, Resp, T]) Needs(d time.Duration) Field[Req, Resp, T] {
	f.builder = f.builder.Needs(d)
	return f
}

// Guard puts the step named last under policies. A source that is a call of a
// guarded connection has its policies already. No two steps of a source may share
// one.
func (f Field[Req, Resp, T]) Guard(policies ...policy.Policy) Field[Req, Resp, T] {
	f.builder = f.builder.Guard(policies...)
	return f
}

// MaxRunning is how many of the step named last may run at once in all runs of the
// plan, those that ignored the end of a run among them; beyond it the step fails
// at once. Range [1, 1000000]. Default 1024.
func (f Field[Req, Resp, T]) MaxRunning(n int) Field[Req, Resp, T] {
	f.builder = f.builder.MaxRunning(n)
	return f
}

// When replaces the rule for which errors the next step is tried after. The
// function must be safe for concurrent use.
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
