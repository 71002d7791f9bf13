package fanout

import (
	"context"
	"testing"
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
	e.seen = 4 - e.tally.pending.Load()
	return e.enough || e.seen == 4
}

// The bug: a select over the end of the time and one result after the other throws
// away results that are ready (hand-written gathers keep all in one run of four).
func TestNothingThatHasArrivedIsLost(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 500 {
		for want, end := range map[ending]struct {
			ctx  context.Context
			over bool
		}{
			gone:    {over, false},
			expired: {t.Context(), true},
		} {
			var tally tally
			tally.of(4)
			e := &eye{tally: &tally}
			if end.over {
				tally.expire()
			}
			for range 3 {
				tally.ended(true)
			}
			if why := tally.wait(end.ctx, e); why != want || e.seen != 3 {
				t.Fatalf("%d of 3 results were taken, ending %v; want %v", e.seen, why, want)
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
	if e := (&eye{tally: &tally}); tally.wait(t.Context(), e) != enough || e.looks != 1 {
		t.Errorf("looked %d times; want once", e.looks)
	}
}

func TestWaitReturnsWhenItIsEnough(t *testing.T) {
	t.Parallel()
	var tally tally
	tally.of(4)
	tally.ended(true)
	if e := (&eye{tally: &tally, enough: true}); tally.wait(t.Context(), e) != enough || e.looks != 1 {
		t.Errorf("looked %d times; want once", e.looks)
	}
}
