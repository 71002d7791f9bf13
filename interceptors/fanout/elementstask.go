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
	all     bool // whoever asked wants all of the field or nothing
	// list is set once there are keys, or an error instead.
	list atomic.Pointer[list[Req, K, T]]
	// closed: elements that have not been started are no longer wanted.
	closed atomic.Bool
	// got is what arrived. Only the gathering goroutine knows.
	got collected[Req, K, T]
}

// collected is what came of the elements.
type collected[Req, K, T any] struct {
	values   []T
	fellBack []*attempt.Run[Element[Req, K], T] // those whose value is that of a fallback
	answers  int                                // that there is no such element
	marks    elementMarks[K]                    // on elements as a whole
	err      error                              // the first
}

// ask gets the keys and begins. A panic of theirs is an error.
func (t *elementsTask[Req, Resp, K, T]) ask() {
	l, returned := new(list[Req, K, T]), false
	defer func() {
		if !returned {
			err := &policy.PanicError{Value: recover(), Stack: debug.Stack()}
			err.Tell(&t.run.ctx)
			t.run.plan.cfg.logPanic(&t.run.ctx, t.binding.spec.path, t.binding.chain.StepName(0), err, false)
			l.err = err
		}
		t.begin(l)
	}()
	l.admit(t.binding.spec.keys(t.run.req), t.binding.spec.maxKeys)
	returned = true
}

// begin starts as many elements as may run at once. If it comes too late, nothing is
// made for them.
func (t *elementsTask[Req, Resp, K, T]) begin(l *list[Req, K, T]) {
	late := !t.goesOn()
	if !late {
		l.asked = make([]askedElement[Req, K, T], len(l.keys))
		l.pending.Store(int64(len(l.asked)))
	}
	t.list.Store(l)
	switch {
	case len(l.keys) == 0:
		t.end()
	case !late:
		for range min(t.binding.spec.parallel, len(l.asked)) {
			t.startNext(l)
		}
	}
}

// goesOn reports whether there is time for another element, or for a default.
func (t *elementsTask[Req, Resp, K, T]) goesOn() bool {
	return !t.closed.Load() && t.binding.chain.GoesOn(t.run.ctx.Err())
}

// startNext starts a goroutine with the next element, if there is one, and time for it or
// a default.
func (t *elementsTask[Req, Resp, K, T]) startNext(l *list[Req, K, T]) {
	if i, ok := t.claim(l); ok {
		go t.askFrom(l, i)
	}
}

// claim returns the next element to ask for, if there is one, and time for it or a default.
func (t *elementsTask[Req, Resp, K, T]) claim(l *list[Req, K, T]) (i int, ok bool) {
	if !t.goesOn() {
		return 0, false
	}
	i = int(l.next.Add(1) - 1)
	return i, i < len(l.asked)
}

// askFrom asks for the i-th element and then for others on the same goroutine, until
// there are no more or one was left behind, which gives way to the next elsewhere.
func (t *elementsTask[Req, Resp, K, T]) askFrom(l *list[Req, K, T], i int) {
	for ok := true; ok; {
		e := &l.asked[i]
		e.taker = t
		e.attempt.Require(t.all)
		if !e.attempt.Start(&t.run.ctx, t.binding.chain, Element[Req, K]{t.run.req, l.keys[i]}, e) {
			return
		}
		i, ok = t.claim(l)
	}
}

// took implements [elementTaker]. The goroutine that asked for the element goes on with the
// next one, unless the element was left behind there.
func (t *elementsTask[Req, Resp, K, T]) took(e *askedElement[Req, K, T]) {
	l := t.list.Load()
	if e.ok && !e.attempt.Plain() {
		l.arrive(e, e.attempt.Report(t.run.source(t.binding.spec.path, e.attempt.Answer.Ended())))
	} else {
		e.ended.Store(true)
	}
	if l.pending.Add(-1) == 0 {
		t.end()
	} else if e.attempt.Moved() {
		t.startNext(l)
	}
}

// end notes that all elements have ended.
func (t *elementsTask[Req, Resp, K, T]) end() {
	t.ended.Store(true)
	t.run.tally.ended(t.run.wakes())
}

func (t *elementsTask[Req, Resp, K, T]) vital() bool { return false }

func (t *elementsTask[Req, Resp, K, T]) hurry() bool {
	l := t.list.Load()
	if !t.binding.chain.Overtime() || l == nil || l.err != nil {
		return false
	}
	started := l.started()
	for i := range started {
		if e := &started[i]; !e.ended.Load() {
			e.attempt.Hurry()
		}
	}
	return true
}

func (t *elementsTask[Req, Resp, K, T]) abandon() {
	t.closed.Store(true)
	if l := t.list.Load(); l != nil {
		started := l.started()
		for i := range started {
			started[i].abandoned = started[i].attempt.Abandon()
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
	within := l.close(degrade.Elements(t.binding.spec.path))
	c := t.collect(l)
	if len(c.values)+c.answers < min(t.binding.spec.atLeast, len(l.keys)+l.beyond) {
		return t.failed(c.err)
	}
	t.got, t.fill = c, true
	report := degrade.Union(c.marks.report(len(l.keys)+l.beyond-c.answers), within)
	if report.Complete() {
		return nil
	}
	return &outcome{report: report}
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
	for _, run := range t.got.fellBack {
		run.Used(t.run.ctx.Context)
	}
}

// collect takes the elements of the list that have arrived, and marks the others.
func (t *elementsTask[Req, Resp, K, T]) collect(l *list[Req, K, T]) collected[Req, K, T] {
	started := l.started()
	c := collected[Req, K, T]{values: make([]T, 0, len(started))}
	c.marks = elementMarks[K]{path: degrade.Elements(t.binding.spec.path), name: t.binding.spec.name}
	for i := range started {
		t.take(&c, l.keys[i], &started[i])
	}
	if late := l.keys[len(started):]; len(late) > 0 {
		c.marks.mark(t.missing(&c, t.refusal(policy.ReasonDeadlineTooNear, ErrNoTime), 0), late...)
	}
	if l.beyond > 0 {
		c.marks.count(t.missing(&c, t.refusal(policy.ReasonBulkheadFull, ErrMaxKeys), 0), l.beyond)
	}
	return c
}

// take takes an element if it has arrived, and marks it if not.
func (t *elementsTask[Req, Resp, K, T]) take(c *collected[Req, K, T], key K, e *askedElement[Req, K, T]) {
	a := &e.attempt.Answer
	switch {
	case !e.ended.Load():
		failures, at := unfinished(a, e.abandoned, t.run.ctx.Err())
		c.marks.mark(t.missing(c, failures[0], at), key)
	case e.ok:
		t.arrive(c, key, e)
	case len(a.Failures()) == 1 && t.binding.spec.answered(a.Failures()[0]):
		c.answers++
	default:
		c.marks.mark(t.missing(c, a.Failures()[0], a.Ended()), key)
	}
}

// arrive takes an element that has.
func (t *elementsTask[Req, Resp, K, T]) arrive(c *collected[Req, K, T], key K, e *askedElement[Req, K, T]) {
	if e.attempt.Answer.Step() > 0 {
		c.fellBack = append(c.fellBack, &e.attempt)
	}
	value := e.attempt.Answer.Value
	if t.binding.spec.origin.whole {
		value = cleared(value)
	}
	c.values = append(c.values, value)
	if e.whole.Len() == 0 {
		return
	}
	for m := range e.whole.Markers() {
		c.marks.mark(m, key)
	}
}

// missing returns the marker on an element that failed with err.
func (t *elementsTask[Req, Resp, K, T]) missing(c *collected[Req, K, T], err error, ended policy.Instant) degrade.Marker {
	if c.err == nil {
		c.err = err
	}
	source := t.run.source(t.binding.spec.path, ended)
	source.Code = policy.Code(err)
	return degrade.Marker{State: degrade.Missing, Reason: degrade.ReasonOf(err), Source: source}
}

// refusal returns why an element was not asked for.
func (t *elementsTask[Req, Resp, K, T]) refusal(reason policy.Reason, err error) error {
	return &policy.Rejection{
		Kind: "fanout", Name: t.run.plan.cfg.Name, Method: t.binding.spec.path, Reason: reason, Err: err,
	}
}
