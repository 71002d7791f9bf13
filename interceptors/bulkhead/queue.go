package bulkhead

// queue is the waiters in order of arrival. Its zero value is empty. The lock
// of the bulkhead guards it.
type queue struct{ first, last *waiter }

// waiter is a call that waits for a place.
type waiter struct {
	// place is closed when the waiter has one.
	place chan struct{}
	// hasPlace says the same under the lock: a waiter that leaves must know
	// whether there is a place to pass on.
	hasPlace bool

	ahead, behind *waiter
}

// join adds a waiter at the end.
func (q *queue) join() *waiter {
	w := &waiter{place: make(chan struct{}), ahead: q.last}
	if q.last == nil {
		q.first = w
	} else {
		q.last.behind = w
	}
	q.last = w
	return w
}

// leave takes w out, wherever it stands.
func (q *queue) leave(w *waiter) {
	if w.ahead == nil {
		q.first = w.behind
	} else {
		w.ahead.behind = w.behind
	}
	if w.behind == nil {
		q.last = w.ahead
	} else {
		w.behind.ahead = w.ahead
	}
	w.ahead, w.behind = nil, nil
}

// serve gives the first waiter a place. There must be one.
func (q *queue) serve() {
	w := q.first
	q.leave(w)
	w.hasPlace = true
	close(w.place)
}
