package fanout

import (
	"context"
	"slices"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Source is a plan's source for one field of the response: a [Field] or
// [Elements].
type Source[Req, Resp any] interface {
	// field is the path of the field.
	field() string
	// declare checks the source against the declaration of its field, and returns
	// it with the defaults from there.
	declare(label string, d Declaration) (Source[Req, Resp], error)
	// bind checks the source. md is nil if the response is not a proto message.
	bind(c *Config, label string, md protoreflect.MessageDescriptor) (binding[Req, Resp], error)
}

// binding is a checked source. It is immutable once the plan is made.
type binding[Req, Resp any] interface {
	// path is that of the field.
	path() string
	// kind is the same for bindings whose tasks are allocated together, and comparable.
	kind() any
	// take makes it begin another binding of its kind, or itself, that has that place in
	// the plan.
	take(other binding[Req, Resp], place int)
	// begin makes the tasks of all that it has taken, itself among them, for a run.
	begin(r *run[Req, Resp])
	// overtime reports whether it has a default, which is run even if the time is over.
	overtime() bool
}

// task is a source that is being asked. All methods but ask are for the goroutine
// that gathers.
type task[Resp any] interface {
	// ask asks, and returns when it has been answered or left behind.
	ask()
	// current returns its progress.
	current() *progress
	// vital reports whether the run fails if the source does not end in time: it is
	// required, and has no default.
	vital() bool
	// hurry makes the source give its default, because the time is over. It
	// reports whether there is one.
	hurry() bool
	// abandon leaves behind what still runs. The run's context has ended.
	abandon()
	// result is its outcome, once it has settled or been abandoned. Nil: it answered,
	// and there is nothing to report.
	result() *outcome
	// set writes its value, if any, into the response.
	set(resp Resp)
}

// progress is how far a task has come. All but ok and ended belongs to the
// gathering goroutine.
type progress struct {
	ended     atomic.Bool // there is a result
	ok        bool        // it is a value; written before ended is set, and read after
	settled   bool        // the result was taken
	due       bool        // its default is waited for
	abandoned bool        // it was left behind
	fill      bool        // there is a value to set
}

// current returns the progress itself, for [task].
func (p *progress) current() *progress { return p }

// unfinished returns with what error, and when, a source or an element failed that had
// no result at the end of the run, which ended for the reason err. If steps failed
// before the one that was left behind, the error is theirs.
func unfinished[T any](a *attempt.Answer[T], abandoned bool, err error) ([]error, policy.Instant) {
	if !abandoned {
		return []error{err}, policy.Now()
	}
	return append(slices.Clip(a.Failures()), err), a.Ended().OrNow()
}

// outcome is what came of asking a source that did not simply answer.
type outcome struct {
	// err is why the source failed, nil if it answered.
	err error
	// required: the run fails with it.
	required bool
	// report is the report on the field, in the response's paths.
	report degrade.Report
}

// isAnswer reports whether an error is one of the answers.
func isAnswer(err error, answers []codes.Code) bool {
	return !policy.IsRejection(err) && slices.Contains(answers, policy.Code(err))
}

// isMessage reports whether values are proto messages.
func isMessage[T any]() bool {
	var none T
	_, ok := any(none).(proto.Message)
	return ok
}

// cleared returns the value without markers of its own, if it is a message.
func cleared[T any](value T) T {
	if m, ok := any(value).(proto.Message); ok && m.ProtoReflect().IsValid() {
		return degrade.Cleared(m).(T) //nolint:errcheck,forcetypeassert // a message of the same type
	}
	return value
}

// RPC makes a source of a method of a generated client:
//
//	fanout.Optional("user", fanout.RPC(users.GetUser, userRequest), (*pb.Dashboard).SetUser)
//
// toRequest makes the call's request from the plan's, to which it must not
// write. The options go with every call.
func RPC[Req, In, Out any](
	call func(ctx context.Context, in In, opts ...grpc.CallOption) (Out, error), toRequest func(Req) In, opts ...grpc.CallOption,
) func(ctx context.Context, req Req) (Out, error) {
	if call == nil || toRequest == nil {
		return nil // NewPlan says so
	}
	return func(ctx context.Context, req Req) (Out, error) {
		return call(ctx, toRequest(req), opts...)
	}
}
