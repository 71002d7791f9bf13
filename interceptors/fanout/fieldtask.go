package fanout

import (
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// fieldTask is a field's source that is being asked.
type fieldTask[Req, Resp, T any] struct {
	binding *fieldBinding[Req, Resp, T]
	run     *run[Req, Resp]
	attempt attempt.Run[Req, T]
	// reported is the outcome of a source that answered, where there is something to say.
	// It is written before ended is set, and read after.
	reported *outcome
	progress
}

func (t *fieldTask[Req, Resp, T]) ask() {
	t.attempt.Start(&t.run.ctx, t.binding.chain, t.run.req, t)
}

// Took notes how the attempt ended, which calls it. The report is made here, on the
// source's goroutine, so that little is left to do when the time is over.
func (t *fieldTask[Req, Resp, T]) Took(ok bool) {
	t.ok = ok
	if ok && !t.attempt.Plain() {
		path := t.binding.spec.path
		t.reported = t.run.answered(t.attempt.Report(t.run.source(path, t.attempt.Answer.Ended())), path)
	}
	t.ended.Store(true)
	t.run.tally.ended(t.run.wakes() || !ok && t.binding.spec.required)
}

func (t *fieldTask[Req, Resp, T]) vital() bool {
	return t.binding.spec.required && !t.binding.chain.Overtime()
}

func (t *fieldTask[Req, Resp, T]) hurry() bool {
	if !t.binding.chain.Overtime() {
		return false
	}
	t.attempt.Hurry()
	return true
}

func (t *fieldTask[Req, Resp, T]) abandon() { t.abandoned = t.attempt.Abandon() }

func (t *fieldTask[Req, Resp, T]) result() *outcome {
	b, a := t.binding, &t.attempt.Answer
	if !t.settled {
		return t.failed(unfinished(a, t.abandoned, t.run.ctx.Err()))
	}
	t.fill = t.ok
	switch {
	case t.ok:
		return t.reported
	case len(a.Failures()) == 1 && b.spec.answered(a.Failures()[0]):
		return nil
	default:
		return t.failed(a.Failures(), a.Ended())
	}
}

// failed returns the outcome if there is no value. The field's reason is the first
// step's.
func (t *fieldTask[Req, Resp, T]) failed(failures []error, at policy.Instant) *outcome {
	b := t.binding
	return &outcome{
		err:      b.chain.Error(failures),
		required: b.spec.required,
		report:   t.run.missing(b.spec.path, failures[0], at),
	}
}

func (t *fieldTask[Req, Resp, T]) set(resp Resp) {
	if !t.fill {
		return
	}
	value := t.attempt.Answer.Value
	if t.binding.spec.origin.whole {
		value = cleared(value)
	}
	t.binding.spec.set(resp, value)
	t.attempt.Used(t.run.ctx.Context)
}
