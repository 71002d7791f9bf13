// Package queue is the line in which calls wait for their turn, in order of arrival.
// The policy whose line it is has the lock; a line has none.
package queue

import (
	"context"
	"math"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Line is the waiting calls in order of arrival. Its zero value is empty. The lock of
// the policy guards it.
type Line struct {
	first, last *Waiter
	length      int
}

// Waiter is a call that waits for its turn.
type Waiter struct {
	// Since is when it began to wait, if the policy wants to remember that.
	Since policy.Instant

	// turn is closed when it is the waiter's turn.
	turn chan struct{}
	// served says the same under the lock: a waiter that leaves must know whether it
	// was its turn.
	served bool

	ahead, behind *Waiter
}

// Empty reports whether nobody waits.
func (l *Line) Empty() bool { return l.first == nil }

// Len returns how many wait.
func (l *Line) Len() int { return l.length }

// Join adds a waiter at the end.
func (l *Line) Join() *Waiter {
	w := &Waiter{turn: make(chan struct{}), ahead: l.last}
	if l.last == nil {
		l.first = w
	} else {
		l.last.behind = w
	}
	l.last = w
	l.length++
	return w
}

// Leave takes w out, wherever it stands, and reports whether it still stood there: it
// does not once it has been its turn.
func (l *Line) Leave(w *Waiter) bool {
	if w.served {
		return false
	}
	if w.ahead == nil {
		l.first = w.behind
	} else {
		w.ahead.behind = w.behind
	}
	if w.behind == nil {
		l.last = w.ahead
	} else {
		w.behind.ahead = w.ahead
	}
	w.ahead, w.behind = nil, nil
	l.length--
	return true
}

// Serve gives the first its turn. There must be one.
func (l *Line) Serve() { l.ServeThis(l.first) }

// ServeThis gives one of the line its turn.
func (l *Line) ServeThis(w *Waiter) {
	l.Leave(w)
	w.served = true
	close(w.turn)
}

// First returns the one whose turn it is, in order of arrival or with the newest first.
// There must be one.
func (l *Line) First(newest bool) *Waiter {
	if newest {
		return l.last
	}
	return l.first
}

// End says how a wait ended.
type End uint8

// The ends of a wait.
const (
	// Served: it was the waiter's turn.
	Served End = iota
	// Ended: the waiter's context ended.
	Ended
	// Expired: the waiter's patience was at an end.
	Expired
)

// Forever is a patience that has no end.
const Forever time.Duration = math.MaxInt64

// Await blocks until it is w's turn, ctx ends or the patience is at an end. The lock
// must not be held. Whoever was not served must then leave the line, and may learn
// that it was its turn in the meantime.
func (w *Waiter) Await(ctx context.Context, patience time.Duration) End {
	var expired <-chan time.Time
	if patience < Forever {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-w.turn:
		return Served
	case <-ctx.Done():
		return Ended
	case <-expired:
		return Expired
	}
}
