package ratelimit

import "time"

// queue is the waiters in order of arrival. Its zero value is empty. The lock
// of the limiter guards it.
type queue struct {
	first, last *waiter
	length      int
}

// waiter is a call that waits for its turn.
type waiter struct {
	// turn is closed when the waiter has a token.
	turn chan struct{}
	// served says the same under the lock.
	served bool
	// patience is the MaxWait of when the waiter joined.
	patience time.Duration

	ahead, behind *waiter
}

// join adds a waiter at the end.
func (q *queue) join(patience time.Duration) *waiter {
	w := &waiter{turn: make(chan struct{}), patience: patience, ahead: q.last}
	if q.last == nil {
		q.first = w
	} else {
		q.last.behind = w
	}
	q.last = w
	q.length++
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
	q.length--
}

// serve gives the first waiter its token. There must be one.
func (q *queue) serve() {
	w := q.first
	q.leave(w)
	w.served = true
	close(w.turn)
}
