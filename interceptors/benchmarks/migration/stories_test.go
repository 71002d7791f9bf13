package migration

import (
	"context"
	"testing"
	"time"
)

var opensAndRefuses = story{"opens and refuses", func(t *testing.T, g guard, b *backend) {
	t.Helper()
	do := g.dial(t, b)
	g.trip(t, b, do.bare)
	before := b.called()
	for range 10 {
		_, err := do.bare(t.Context())
		check(t, err, g.open)
	}
	if b.called() != before {
		t.Errorf("%d calls reached the backend through an open circuit", b.called()-before)
	}
}}

var probesAndCloses = story{"probes and closes", func(t *testing.T, g guard, b *backend) {
	t.Helper()
	do := g.dial(t, b)
	g.trip(t, b, do.bare)
	time.Sleep(longest)
	b.be(well)
	for range g.successes {
		reaches(t, b, do.bare, nil)
	}
	b.be(down) // one failure would open it again if it had not closed
	reaches(t, b, do.bare, errDown)
	reaches(t, b, do.bare, errDown)
}}

var opensAgain = story{"opens again", func(t *testing.T, g guard, b *backend) {
	t.Helper()
	do := g.dial(t, b)
	g.trip(t, b, do.bare)
	time.Sleep(longest)
	reaches(t, b, do.bare, errDown) // the probe
	_, err := do.bare(t.Context())
	check(t, err, g.open)
}}

// toleratesLessThanHalf has two calls of five fail.
var toleratesLessThanHalf = story{"tolerates less than half", func(t *testing.T, g guard, b *backend) {
	t.Helper()
	do := g.dial(t, b)
	for range g.failures {
		for _, answer := range []func(context.Context) error{well, down, well, down, well} {
			b.be(answer)
			reaches(t, b, do.bare, answer(t.Context()))
		}
	}
}}

// opensAtHalf has every other call fail.
var opensAtHalf = story{"opens at half", func(t *testing.T, g guard, b *backend) {
	t.Helper()
	do := g.dial(t, b)
	for range g.failures / 2 {
		b.be(well)
		reaches(t, b, do.bare, nil)
		b.be(down)
		reaches(t, b, do.bare, errDown)
	}
	g.isOpen(t, do.bare)
}}

// opensAtTimeouts has calls time out, as many at a time as there are places.
var opensAtTimeouts = story{"opens at timeouts", func(t *testing.T, g guard, b *backend) {
	t.Helper()
	do := g.dial(t, b)
	b.be(hang)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range g.failures / g.places {
		for range g.places {
			go func() { _, _ = do.bare(ctx) }()
		}
		time.Sleep(2 * time.Second)
	}
	b.be(well)
	g.isOpen(t, do.bare)
}}

var capsCallsInFlight = story{"caps calls in flight", func(t *testing.T, g guard, b *backend) {
	t.Helper()
	do := g.dial(t, b)
	release := g.fill(t, b, do.bare)
	_, err := do.bare(t.Context())
	check(t, err, g.full)
	if b.called() != g.places {
		t.Errorf("%d calls in flight; want %d", b.called(), g.places)
	}
	release()
	b.be(well)
	reaches(t, b, do.bare, nil) // a place is free, and the circuit is closed
}}

// countsNoRefusals has many calls come at once while all places are taken.
var countsNoRefusals = story{"counts no refusals", func(t *testing.T, g guard, b *backend) {
	t.Helper()
	do := g.dial(t, b)
	release := g.fill(t, b, do.bare)
	refused := make(chan error, 3*g.failures)
	for range 3 * g.failures {
		go func() { _, err := do.bare(t.Context()); refused <- err }()
	}
	for range 3 * g.failures {
		check(t, <-refused, g.full)
	}
	release()
	b.be(well)
	reaches(t, b, do.bare, nil)
}}

var endsInTime = story{"ends in time", func(t *testing.T, g guard, b *backend) {
	t.Helper()
	do := g.dial(t, b)
	b.be(hang)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begin := time.Now()
	if _, err := do.bare(ctx); !g.late(err) {
		t.Errorf("error = %v; want that of a timeout", err)
	}
	if took := time.Since(begin); took != time.Second {
		t.Errorf("the call took %v; want 1s", took)
	}
}}

var fallsBack = story{"falls back", func(t *testing.T, g guard, b *backend) {
	t.Helper()
	do := g.dial(t, b)
	get := func(want string) {
		t.Helper()
		if got, err := do.withFallback(t.Context()); err != nil || got != want {
			t.Fatalf("%q, %v; want %q", got, err, want)
		}
	}
	get("profile 7")
	b.be(down)
	for range g.failures + g.lag {
		get("anonymous")
	}
	before := b.called()
	get("anonymous")
	if b.called() != before {
		t.Error("a call reached the backend through an open circuit")
	}
	time.Sleep(longest)
	b.be(well)
	get("profile 7")
}}

// countsNoAnswers: what the dependency answers is no failure, whatever the code.
var countsNoAnswers = story{"counts no answers", func(t *testing.T, g guard, b *backend) {
	t.Helper()
	do := g.dial(t, b)
	b.be(none)
	for range 2 * g.failures {
		reaches(t, b, do.bare, errNone)
	}
	reaches(t, b, do.withFallback, errNone)
}}
