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
	// abandoned: elements that have not been started are no longer wanted.
	abandoned atomic.Bool
	// got is what arrived. Only the gathering goroutine knows.
	got collected[Req, K, T]
}

// list is the elements in the order of their keys.
type list[Req, K, T any] struct {
	err  error // of the keys
	keys []K
	// asked are the elements of the first keys; the others are too many.
	asked []askedElement[Req, K, T]
	// next is the first element that was not started, left how many have not ended.
	next, left atomic.Int64
}

// askedElement is one element that is being asked for.
type askedElement[Req, K, T any] struct {
	attempt attempt.Run[element[Req, K], T]
	taken   func()
	// ok is written before ended is set, and read after.
	ok    bool
	ended atomic.Bool
	left  bool // it was left behind; only the gathering goroutine knows
}

// Took is called by the attempt.
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
			t.binding.spec.builder.Panicked(&t.run.ctx, 0, err, false)
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
	l.left.Store(int64(len(l.asked)))
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
	if t.abandoned.Load() || !t.binding.chain.GoesOn(t.run.ctx.Err()) {
		return
	}
	if i := int(l.next.Add(1) - 1); i < len(l.asked) {
		go t.askElement(l, i)
	}
}

func (t *elementsTask[Req, Resp, K, T]) askElement(l *list[Req, K, T], i int) {
	e := &l.asked[i]
	// An element that is left behind gives way to the next one.
	e.taken = func() {
		if l.left.Add(-1) == 0 {
			t.end()
		} else {
			t.startNext(l)
		}
	}
	e.attempt.Require(t.run.complete)
	e.attempt.Start(&t.run.ctx, t.binding.chain, element[Req, K]{t.run.req, l.keys[i]}, e)
}

// end says that all elements have ended.
func (t *elementsTask[Req, Resp, K, T]) end() {
	t.over.Store(true)
	t.run.tally.ended(t.run.complete)
}

func (t *elementsTask[Req, Resp, K, T]) vital() bool { return false }

func (t *elementsTask[Req, Resp, K, T]) hurry() bool {
	l := t.list.Load()
	if !t.binding.chain.Overtime || l == nil || l.err != nil {
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
	t.abandoned.Store(true)
	if l := t.list.Load(); l != nil {
		for i := range l.asked {
			l.asked[i].left = l.asked[i].attempt.Abandon()
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

// failed is the outcome if the whole field is missing.
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
