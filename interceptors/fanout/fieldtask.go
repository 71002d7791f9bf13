package fanout

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// fieldBinding is a Field that was checked.
type fieldBinding[Req, Resp, T any] struct {
	spec  Field[Req, Resp, T]
	chain *attempt.Chain[Req, T]
}

func (f Field[Req, Resp, T]) bind(
	p *Plan[Req, Resp], label string, md protoreflect.MessageDescriptor,
) (binding[Req, Resp], error) {
	faults := validate.Of(fmt.Sprintf("%s, source %q", label, f.path))
	faults.Require(f.set != nil, "setter", "nil", "a function")
	faults.Require(!f.builder.Whole || isMessage[T](), "embed", fmt.Sprintf("true for %T", *new(T)), "for a proto message")
	faults.Require(!f.required || len(f.answers) == 1, "answers", f.answers, "unset: the source is required")
	f.builder.When = unlessAnswered(f.answered, f.builder.When)
	w := &watcher{plan: p.cfg.Name, source: f.path, steps: f.builder.Names(), observer: p.cfg.Observer, logger: p.cfg.Logger}
	chain, err := f.builder.Build(fmt.Sprintf("%s, source %q", label, f.path), w)
	return &fieldBinding[Req, Resp, T]{spec: f, chain: chain},
		errors.Join(checkPath(f.path, md), faults.Err(), err)
}

// unlessAnswered is the rule for falling back, but for errors that are answers.
func unlessAnswered(answered, fallsBack func(error) bool) func(error) bool {
	if fallsBack == nil {
		fallsBack = attempt.FallsBack
	}
	return func(err error) bool { return !answered(err) && fallsBack(err) }
}

// answered reports whether an error is the answer that there is no value.
func (f Field[Req, Resp, T]) answered(err error) bool {
	return !f.required && isAnswer(err, f.answers)
}

func isAnswer(err error, answers []codes.Code) bool {
	return !policy.IsRejection(err) && slices.Contains(answers, policy.Code(err))
}

func (b *fieldBinding[Req, Resp, T]) path() string { return b.spec.path }

func (b *fieldBinding[Req, Resp, T]) start(r *run[Req, Resp], index int) task[Resp] {
	t := &fieldTask[Req, Resp, T]{binding: b, run: r, index: index}
	go t.ask()
	return t
}

// fieldTask is a field's source that is being asked.
type fieldTask[Req, Resp, T any] struct {
	binding *fieldBinding[Req, Resp, T]
	run     *run[Req, Resp]
	index   int
	attempt attempt.Run[Req, T]
	// answer and ok are written before the task reports, and read after.
	answer attempt.Answer[T]
	ok     bool
	// fill: there is a value to set. Only the gathering goroutine knows.
	fill bool
}

func (t *fieldTask[Req, Resp, T]) ask() {
	t.attempt.Start(t.run.ctx, t.binding.chain, t.run.req, t)
}

// Took is called by the attempt.
func (t *fieldTask[Req, Resp, T]) Took(a attempt.Answer[T], ok bool) {
	t.answer, t.ok = a, ok
	t.run.reported <- t.index
}

func (t *fieldTask[Req, Resp, T]) abandon() { t.attempt.Abandon() }

func (t *fieldTask[Req, Resp, T]) result(settled bool) outcome {
	b, path := t.binding, t.binding.spec.path
	if !settled {
		err := t.run.ctx.Err()
		return outcome{err: err, required: b.spec.required, report: t.run.missing(path, err, policy.Now())}
	}
	t.fill = t.ok
	a := t.answer
	switch {
	case t.ok:
		return outcome{report: b.chain.ReportOf(a, t.run.source(path, a.Ended)).At(path)}
	case len(a.Failures) == 1 && b.spec.answered(a.Failures[0]):
		return outcome{report: degrade.NewReport()}
	default:
		return outcome{
			err:      fallback.ErrorOf(path, b.chain.Names(len(a.Failures)), a.Failures),
			required: b.spec.required,
			report:   t.run.missing(path, a.Failures[0], a.Ended),
		}
	}
}

func (t *fieldTask[Req, Resp, T]) set(resp Resp) {
	if !t.fill {
		return
	}
	value := t.answer.Value
	if t.binding.spec.builder.Whole {
		value = cleared(value)
	}
	t.binding.spec.set(resp, value)
}
