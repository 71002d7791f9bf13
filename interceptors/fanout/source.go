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

// task is a source that is being asked. Its methods are for the goroutine that
// gathers, once the task has reported to the run or has been abandoned.
type task[Resp any] interface {
	// abandon leaves behind what still runs. The run's context has ended.
	abandon()
	// result is what came of it; settled if the task has reported.
	result(settled bool) outcome
	// set puts what came of it into the response.
	set(resp Resp)
}

// outcome is what came of asking a source.
type outcome struct {
	// err is why the source failed, nil if it answered.
	err error
	// required: the run fails with it.
	required bool
	// report is what there is to say of the field, in the response's paths.
	report degrade.Report
}
