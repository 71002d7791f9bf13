package fanout

import (
	"errors"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Why elements were not asked for.
var (
	// ErrMaxKeys: the element's key was beyond [Elements.MaxKeys].
	ErrMaxKeys = errors.New("fanout: more keys than are asked for")
	// ErrNoTime: the run's time was over before the element's turn came.
	ErrNoTime = errors.New("fanout: no time left for the element")
)

// collected is the elements that have arrived.
type collected[Req, K, T any] struct {
	values  []T
	runs    []*attempt.Run[element[Req, K], T] // that the values come from
	answers int                                // that there is no such element
	reports []degrade.Report
	err     error // the first
}

func (t *elementsTask[Req, Resp, K, T]) collect(l *list[Req, K, T]) collected[Req, K, T] {
	c := collected[Req, K, T]{values: make([]T, 0, len(l.asked))}
	started := int(l.next.Load())
	for i, key := range l.keys {
		if i >= len(l.asked) {
			t.miss(&c, key, t.refusal(policy.ReasonBulkheadFull, ErrMaxKeys), 0)
			continue
		}
		switch e := &l.asked[i]; {
		case i >= started:
			t.miss(&c, key, t.refusal(policy.ReasonDeadlineTooNear, ErrNoTime), 0)
		case !e.ended.Load():
			failures, at := unfinished(&e.attempt.Answer, e.left, t.run.ctx.Err())
			t.miss(&c, key, failures[0], at)
		case e.ok:
			t.arrive(&c, key, &e.attempt)
		case len(e.attempt.Answer.Failures()) == 1 && t.binding.spec.answered(e.attempt.Answer.Failures()[0]):
			c.answers++
		default:
			t.miss(&c, key, e.attempt.Answer.Failures()[0], e.attempt.Answer.Ended())
		}
	}
	return c
}

// arrive takes an element that has.
func (t *elementsTask[Req, Resp, K, T]) arrive(c *collected[Req, K, T], key K, run *attempt.Run[element[Req, K], T]) {
	c.runs = append(c.runs, run)
	value := run.Answer.Value
	if t.binding.spec.builder.Whole {
		value = cleared(value)
	}
	c.values = append(c.values, value)
	all := degrade.Elements(t.binding.spec.path)
	r := run.Report(t.run.source(t.binding.spec.path, run.Answer.Ended())).At(all)
	if r.Truncated() {
		c.reports = append(c.reports, r) // as it is, to lose nothing of it
		return
	}
	var markers []degrade.Marker
	for m := range r.Markers() {
		if m.Path == all {
			m.Keys, m.Count = t.binding.nameOf(key), 1
		}
		markers = append(markers, m)
	}
	if len(markers) > 0 {
		c.reports = append(c.reports, degrade.NewReport(markers...))
	}
}

// miss marks an element that has not arrived.
func (t *elementsTask[Req, Resp, K, T]) miss(c *collected[Req, K, T], key K, err error, ended policy.Instant) {
	if c.err == nil {
		c.err = err
	}
	source := t.run.source(t.binding.spec.path, ended)
	source.Code = policy.Code(err)
	c.reports = append(c.reports, degrade.NewReport(degrade.Marker{
		Path: degrade.Elements(t.binding.spec.path), State: degrade.Missing, Reason: degrade.ReasonOf(err),
		Keys: t.binding.nameOf(key), Count: 1, Source: source,
	}))
}

// refusal is why an element was not asked for.
func (t *elementsTask[Req, Resp, K, T]) refusal(reason policy.Reason, err error) error {
	return &policy.Rejection{
		Kind: "fanout", Name: t.run.plan.cfg.Name, Method: t.binding.spec.path, Reason: reason, Err: err,
	}
}
