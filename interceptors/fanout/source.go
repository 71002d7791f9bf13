package fanout

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// Source is what a plan asks for one field of the response: a [Field] or
// [Elements].
type Source[Req, Resp any] interface {
	// field is the path of the field.
	field() string
	// bind checks the source. md is nil if the response is no proto message.
	bind(p *Plan[Req, Resp], label string, md protoreflect.MessageDescriptor) (binding[Req, Resp], error)
}

// task is a source that is being asked. All methods but ask are for the goroutine
// that gathers.
type task[Resp any] interface {
	// ask asks, and returns when it has been answered or left behind.
	ask()
	// ended reports whether the result is there.
	ended() bool
	// abandon leaves behind what still runs. The run's context has ended.
	abandon()
	// result is what came of it; without settled the task has been abandoned. Nil:
	// it answered, and there is nothing to say of it.
	result(settled bool) *outcome
	// set puts what came of it into the response.
	set(resp Resp)
}

// outcome is what came of asking a source that did not simply answer.
type outcome struct {
	// err is why the source failed, nil if it answered.
	err error
	// required: the run fails with it.
	required bool
	// report is what there is to say of the field, in the response's paths.
	report degrade.Report
}
