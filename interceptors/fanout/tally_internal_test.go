package fanout

import (
	"context"
	"errors"
	"testing"
	"time"
)

// eye is a looker that notes how much had ended at its last look.
type eye struct {
	tally  *tally
	seen   int64
	looks  int
	enough bool
}

func (e *eye) look() bool {
	e.looks++
	e.seen = 4 - e.tally.left.Load()
	return e.enough || e.seen == 4
}

// The bug: a select over the end of the time and one result after the other throws
// away results that are ready (hand-written gathers keep all in one run of four).
func TestNothingThatHasArrivedIsLost(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	fired := make(chan time.Time)
	close(fired)
	for range 500 {
		for want, end := range map[error]struct {
			ctx      context.Context
			deadline <-chan time.Time
		}{
			context.Canceled:         {over, nil},
			context.DeadlineExceeded: {t.Context(), fired},
		} {
			var tally tally
			tally.of(4)
			e := &eye{tally: &tally}
			for range 3 {
				tally.ended(true)
			}
			if err := tally.wait(end.ctx, end.deadline, e); !errors.Is(err, want) || e.seen != 3 {
				t.Fatalf("%d of 3 results were taken, %v; want %v", e.seen, err, want)
			}
		}
	}
}

func TestWaitReturnsWhenAllHasEnded(t *testing.T) {
	t.Parallel()
	var tally tally
	tally.of(4)
	for range 4 {
		go tally.ended(false)
	}
	if e := (&eye{tally: &tally}); tally.wait(t.Context(), nil, e) != nil || e.looks != 1 {
		t.Errorf("looked %d times; want once", e.looks)
	}
}

func TestWaitReturnsWhenItIsEnough(t *testing.T) {
	t.Parallel()
	var tally tally
	tally.of(4)
	tally.ended(true)
	if e := (&eye{tally: &tally, enough: true}); tally.wait(t.Context(), nil, e) != nil || e.looks != 1 {
		t.Errorf("looked %d times; want once", e.looks)
	}
}
