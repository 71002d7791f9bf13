package fanout

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// fieldBinding is a Field that was checked.
type fieldBinding[Req, Resp, T any] struct {
	spec  Field[Req, Resp, T]
	chain *attempt.Chain[Req, T]
	// taken are the bindings that it begins, and their places in the plan.
	taken  []*fieldBinding[Req, Resp, T]
	places []int
}

func (f Field[Req, Resp, T]) bind(
	p *Plan[Req, Resp], label string, md protoreflect.MessageDescriptor,
) (binding[Req, Resp], error) {
	faults := validate.Of(label)
	faults.Require(f.set != nil, "setter", "nil", "a function")
	faults.Require(!f.builder.Whole || isMessage[T](), "embed", fmt.Sprintf("true for %T", *new(T)), "for a proto message")
	faults.Require(!f.required || len(f.answers) == 1, "answers", f.answers, "unset: the source is required")
	f.builder.Answered = f.answered
	steps := f.builder.Names()
	f.builder.Overtime = true
	f.builder.Panicked = p.cfg.panicked(f.path, steps)
	chain, err := f.builder.Build(label, fallback.Watch(p.cfg.Observer, p.cfg.Name, f.path, steps))
	p.defaults = p.defaults || chain.Overtime
	return &fieldBinding[Req, Resp, T]{spec: f, chain: chain},
		errors.Join(labelled(label, checkPath(f.path, md)), faults.Err(), err)
}

// answered reports whether an error is the answer that there is no value.
func (f Field[Req, Resp, T]) answered(err error) bool {
	return !f.required && isAnswer(err, f.answers)
}

func isAnswer(err error, answers []codes.Code) bool {
	return !policy.IsRejection(err) && slices.Contains(answers, policy.Code(err))
}

func (b *fieldBinding[Req, Resp, T]) path() string { return b.spec.path }

func (b *fieldBinding[Req, Resp, T]) takes(other binding[Req, Resp], place int) bool {
	o, same := other.(*fieldBinding[Req, Resp, T])
	if same {
		b.taken, b.places = append(b.taken, o), append(b.places, place)
	}
	return same
}

func (b *fieldBinding[Req, Resp, T]) begin(r *run[Req, Resp]) {
	tasks := make([]fieldTask[Req, Resp, T], len(b.taken))
	for i := range tasks {
		t := &tasks[i]
		t.binding, t.run = b.taken[i], r
		t.attempt.Require(r.complete)
		r.tasks[b.places[i]] = t
	}
}

// fieldTask is a field's source that is being asked.
type fieldTask[Req, Resp, T any] struct {
	binding *fieldBinding[Req, Resp, T]
	run     *run[Req, Resp]
	attempt attempt.Run[Req, T]
	progress
}

func (t *fieldTask[Req, Resp, T]) ask() {
	t.attempt.Start(&t.run.ctx, t.binding.chain, t.run.req, t)
}

// Took is called by the attempt.
func (t *fieldTask[Req, Resp, T]) Took(ok bool) {
	t.ok = ok
	t.over.Store(true)
	t.run.tally.ended(t.run.complete || !ok && t.binding.spec.required)
}

func (t *fieldTask[Req, Resp, T]) vital() bool {
	return t.binding.spec.required && !t.binding.chain.Overtime
}

func (t *fieldTask[Req, Resp, T]) hurry() bool {
	if !t.binding.chain.Overtime {
		return false
	}
	t.attempt.Hurry()
	return true
}

func (t *fieldTask[Req, Resp, T]) abandon() { t.left = t.attempt.Abandon() }

func (t *fieldTask[Req, Resp, T]) result() *outcome {
	b, a := t.binding, &t.attempt.Answer
	if !t.settled {
		return t.failed(unfinished(a, t.left, t.run.ctx.Err()))
	}
	t.fill = t.ok
	switch {
	case t.ok && t.attempt.Plain():
		return nil
	case t.ok:
		return t.run.said(t.attempt.Report(t.run.source(b.spec.path, a.Ended())), b.spec.path)
	case len(a.Failures()) == 1 && b.spec.answered(a.Failures()[0]):
		return nil
	default:
		return t.failed(a.Failures(), a.Ended())
	}
}

// failed is what came of it if there is no value. The field's reason is the first
// step's.
func (t *fieldTask[Req, Resp, T]) failed(failures []error, at policy.Instant) *outcome {
	b := t.binding
	return &outcome{
		err:      fallback.ErrorOf(b.spec.path, b.chain.Names(len(failures)), failures),
		required: b.spec.required,
		report:   t.run.missing(b.spec.path, failures[0], at),
	}
}

func (t *fieldTask[Req, Resp, T]) set(resp Resp) {
	if !t.fill {
		return
	}
	value := t.attempt.Answer.Value
	if t.binding.spec.builder.Whole {
		value = cleared(value)
	}
	t.binding.spec.set(resp, value)
	t.attempt.Used(t.run.ctx.Context)
}
