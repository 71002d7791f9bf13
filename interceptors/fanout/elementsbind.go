package fanout

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// elementsBinding is checked Elements.
type elementsBinding[Req, Resp, K, T any] struct {
	spec  Elements[Req, Resp, K, T]
	chain *attempt.Chain[element[Req, K], T]
	place int // in the plan
}

func (e Elements[Req, Resp, K, T]) bind(
	p *Plan[Req, Resp], label string, md protoreflect.MessageDescriptor,
) (binding[Req, Resp], error) {
	f := validate.Of(label)
	f.Require(e.keys != nil, "keys", "nil", "a function")
	f.Require(!strings.HasSuffix(e.path, "[*]"), "path", fmt.Sprintf("%q", e.path), "that of the repeated field, without [*]")
	f.Require(e.set != nil, "setter", "nil", "a function")
	f.Require(!e.builder.Whole || isMessage[T](), "embed", fmt.Sprintf("true for %T", *new(T)), "for a proto message")
	validate.Between(f, "parallel", e.parallel, 1, 1000)
	validate.Between(f, "at_least", e.atLeast, 0, 100_000)
	validate.Between(f, "max_keys", e.maxKeys, 1, 100_000)
	running := e.builder.FirstMaxRunning()
	f.Require(running < 1 || running >= e.parallel, "max_running", running, fmt.Sprintf("at least parallel, %d", e.parallel))
	e.builder.Answered = e.answered
	steps := e.builder.Names()
	e.builder.Overtime = true
	e.builder.Panicked = p.cfg.panicked(e.path, steps)
	chain, err := e.builder.Build(label, fallback.Watch(p.cfg.Observer, p.cfg.Name, e.path, steps))
	p.defaults = p.defaults || chain.Overtime
	return &elementsBinding[Req, Resp, K, T]{spec: e, chain: chain},
		errors.Join(labelled(label, checkPath(degrade.Elements(e.path), md)), f.Err(), err)
}

// answered reports whether an error is the answer that there is no such element.
func (e Elements[Req, Resp, K, T]) answered(err error) bool { return isAnswer(err, e.answers) }

func (b *elementsBinding[Req, Resp, K, T]) path() string { return b.spec.path }

func (b *elementsBinding[Req, Resp, K, T]) takes(other binding[Req, Resp], place int) bool {
	if other != binding[Req, Resp](b) {
		return false
	}
	b.place = place
	return true
}

func (b *elementsBinding[Req, Resp, K, T]) begin(r *run[Req, Resp]) {
	r.tasks[b.place] = &elementsTask[Req, Resp, K, T]{binding: b, run: r}
}

// nameOf is the name of an element in a marker, empty if it has none.
func (b *elementsBinding[Req, Resp, K, T]) nameOf(key K) []string {
	if b.spec.name == nil {
		return nil
	}
	return []string{b.spec.name(key)}
}
