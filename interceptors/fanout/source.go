package fanout

import (
	"slices"
	"sync/atomic"

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
	bind(p *Plan[Req, Resp], label string, md protoreflect.MessageDescriptor) (binding[Req, Resp], error)
}

// task is a source that is being asked. All methods but ask are for the goroutine
// that gathers.
type task[Resp any] interface {
	// ask asks, and returns when it has been answered or left behind.
	ask()
	// at is its progress.
	at() *progress
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

// progress is how far a task has come. All but ok and over belongs to the
// gathering goroutine.
type progress struct {
	over    atomic.Bool // there is a result
	ok      bool        // it is a value; written before over is set, and read after
	settled bool        // the result was taken
	due     bool        // its default is waited for
	left    bool        // it was left behind
	fill    bool        // there is a value to set
}

func (p *progress) at() *progress { return p }

// unfinished says with what error, and when, a source or an element failed that had
// no result at the end of the run, which ended for the reason err. If steps failed
// before the one that was left behind, the error is theirs.
func unfinished[T any](a *attempt.Answer[T], left bool, err error) ([]error, policy.Instant) {
	if !left {
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
