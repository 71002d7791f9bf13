package fanout

import (
	"runtime/debug"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// elementsTask is the elements that are being asked for.
type elementsTask[Req, Resp, K, T any] struct {
	progress

	binding *elementsBinding[Req, Resp, K, T]
	run     *run[Req, Resp]
	// list is set once there are keys, or an error instead.
	list atomic.Pointer[list[Req, K, T]]
	// closed: elements that have not been started are no longer wanted.
	closed atomic.Bool
	// got is what arrived. Only the gathering goroutine knows.
	got collected[Req, K, T]
}

// list is the elements in the order of their keys.
type list[Req, K, T any] struct {
	err  error // of the keys
	keys []K
	// asked are the elements of the first keys; the others are too many.
	asked []askedElement[Req, K, T]
	// next is the first element that was not started, pending how many have not ended.
	next, pending atomic.Int64
}

// askedElement is one element that is being asked for.
type askedElement[Req, K, T any] struct {
	attempt attempt.Run[Element[Req, K], T]
	taken   func()
	// ok is written before ended is set, and read after.
	ok        bool
	ended     atomic.Bool
	abandoned bool // it was left behind; only the gathering goroutine knows
}

// collected is the elements that have arrived.
type collected[Req, K, T any] struct {
	values  []T
	runs    []*attempt.Run[Element[Req, K], T] // that the values come from
	answers int                                // that there is no such element
	reports []degrade.Report
	err     error // the first
}

// Took notes how the attempt ended, which calls it.
func (e *askedElement[Req, K, T]) Took(ok bool) {
	e.ok = ok
	e.ended.Store(true)
	e.taken()
}

// ask gets the keys and begins. A panic of theirs is an error.
func (t *elementsTask[Req, Resp, K, T]) ask() {
	l, returned := new(list[Req, K, T]), false
	defer func() {
		if !returned {
			err := &policy.PanicError{Value: recover(), Stack: debug.Stack()}
			t.run.plan.cfg.logPanic(&t.run.ctx, t.binding.spec.path, t.binding.chain.StepName(0), err, false)
			l.err = err
		}
		t.begin(l)
	}()
	l.keys = t.binding.spec.keys(t.run.req)
	returned = true
}

// begin starts as many elements as may run at once.
func (t *elementsTask[Req, Resp, K, T]) begin(l *list[Req, K, T]) {
	l.asked = make([]askedElement[Req, K, T], min(len(l.keys), t.binding.spec.maxKeys))
	l.pending.Store(int64(len(l.asked)))
	t.list.Store(l)
	if len(l.asked) == 0 {
		t.end()
		return
	}
	for range min(t.binding.spec.parallel, len(l.asked)) {
		t.startNext(l)
	}
}

// startNext starts the next element, if there is one, and time for it or a default.
func (t *elementsTask[Req, Resp, K, T]) startNext(l *list[Req, K, T]) {
	if t.closed.Load() || !t.binding.chain.GoesOn(t.run.ctx.Err()) {
		return
	}
	if i := int(l.next.Add(1) - 1); i < len(l.asked) {
		go t.askElement(l, i)
	}
}

// askElement asks for the i-th element, until it has ended or was left behind.
func (t *elementsTask[Req, Resp, K, T]) askElement(l *list[Req, K, T], i int) {
	e := &l.asked[i]
	// An element that is left behind gives way to the next one.
	e.taken = func() {
		if l.pending.Add(-1) == 0 {
			t.end()
		} else {
			t.startNext(l)
		}
	}
	e.attempt.Require(t.run.complete)
	e.attempt.Start(&t.run.ctx, t.binding.chain, Element[Req, K]{t.run.req, l.keys[i]}, e)
}

// end notes that all elements have ended.
func (t *elementsTask[Req, Resp, K, T]) end() {
	t.ended.Store(true)
	t.run.tally.ended(t.run.complete)
}

func (t *elementsTask[Req, Resp, K, T]) vital() bool { return false }

func (t *elementsTask[Req, Resp, K, T]) hurry() bool {
	l := t.list.Load()
	if !t.binding.chain.Overtime() || l == nil || l.err != nil {
		return false
	}
	for i := range min(int(l.next.Load()), len(l.asked)) {
		if e := &l.asked[i]; !e.ended.Load() {
			e.attempt.Hurry()
		}
	}
	return true
}

func (t *elementsTask[Req, Resp, K, T]) abandon() {
	t.closed.Store(true)
	if l := t.list.Load(); l != nil {
		for i := range l.asked {
			l.asked[i].abandoned = l.asked[i].attempt.Abandon()
		}
	}
}

// result takes the elements that have arrived, whether or not all have.
func (t *elementsTask[Req, Resp, K, T]) result() *outcome {
	l := t.list.Load()
	if l == nil {
		return t.failed(t.run.ctx.Err())
	}
	if l.err != nil {
		return t.failed(l.err)
	}
	c := t.collect(l)
	if len(c.values)+c.answers < min(t.binding.spec.atLeast, len(l.keys)) {
		return t.failed(c.err)
	}
	t.got, t.fill = c, true
	if len(c.reports) == 0 {
		return nil
	}
	return &outcome{report: degrade.Union(c.reports...)}
}

// failed returns the outcome if the whole field is missing.
func (t *elementsTask[Req, Resp, K, T]) failed(err error) *outcome {
	return &outcome{err: err, report: t.run.missing(t.binding.spec.path, err, policy.Now())}
}

func (t *elementsTask[Req, Resp, K, T]) set(resp Resp) {
	if !t.fill {
		return
	}
	t.binding.spec.set(resp, t.got.values)
	for _, run := range t.got.runs {
		run.Used(t.run.ctx.Context)
	}
}

// collect takes the elements of the list that have arrived, and marks the others.
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
			failures, at := unfinished(&e.attempt.Answer, e.abandoned, t.run.ctx.Err())
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
func (t *elementsTask[Req, Resp, K, T]) arrive(c *collected[Req, K, T], key K, run *attempt.Run[Element[Req, K], T]) {
	c.runs = append(c.runs, run)
	value := run.Answer.Value
	if t.binding.spec.origin.whole {
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

// refusal returns why an element was not asked for.
func (t *elementsTask[Req, Resp, K, T]) refusal(reason policy.Reason, err error) error {
	return &policy.Rejection{
		Kind: "fanout", Name: t.run.plan.cfg.Name, Method: t.binding.spec.path, Reason: reason, Err: err,
	}
}
