package migration

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// guard is one side of a pair on the page: a library, or afloat in its place.
type guard struct {
	name string
	// prepare is run outside of virtual time, nil for nothing.
	prepare func()
	// options are those of the connection.
	options func() ([]grpc.DialOption, error)
	// calls are made by hand around a client; nil: all is in the options.
	calls func(client pb.TierServiceClient) calls
	// failures in a row open the circuit, successes close it, places is how many
	// calls may be in flight. lag is how many of the last calls may not have been
	// counted when they return.
	failures, successes, places, lag int
	// open and full are what errors.Is finds in refusals.
	open, full error
	// late tells the error of a call that ran out of time.
	late func(error) bool
}

// dial connects to the backend. What is inner stands between the guard and it.
func (g guard) dial(t *testing.T, b *backend, inner ...grpc.DialOption) calls {
	t.Helper()
	opts, err := g.options()
	if err != nil {
		t.Fatal(err)
	}
	client := b.connect(t, append(opts, inner...)...)
	if g.calls == nil {
		return callsOf(client)
	}
	return g.calls(client)
}

// longest is more than any of the guards stays open the first time.
const longest = 6*time.Second + time.Millisecond

// story is what both sides of a pair do alike.
type story struct {
	name string
	tell func(t *testing.T, g guard, b *backend)
}

// tell runs stories with both sides, in virtual time.
func tell(t *testing.T, pair [2]guard, stories ...story) {
	t.Helper()
	for _, g := range pair {
		for _, s := range stories {
			t.Run(g.name+" "+s.name, func(t *testing.T) { inBubble(t, g, s.tell) })
		}
	}
}

// inBubble runs a function with a guard and a backend of its own.
func inBubble(t *testing.T, g guard, f func(t *testing.T, g guard, b *backend)) {
	t.Helper()
	if g.prepare != nil {
		g.prepare()
	}
	synctest.Test(t, func(t *testing.T) { f(t, g, &backend{answer: well}) })
}

// trip has calls fail until the circuit is open.
func (g guard) trip(t *testing.T, b *backend, do call) {
	t.Helper()
	b.be(down)
	for range g.failures {
		reaches(t, b, do, errDown)
	}
	g.isOpen(t, do)
}

// isOpen requires that the circuit is open, or is as soon as what was called has
// been counted.
func (g guard) isOpen(t *testing.T, do call) {
	t.Helper()
	for range g.lag {
		_, _ = do(t.Context())
	}
	_, err := do(t.Context())
	check(t, err, g.open)
}

// fill has as many calls hang as there are places. Their caller gives them up when
// they are released.
func (g guard) fill(t *testing.T, b *backend, do call) (release func()) {
	t.Helper()
	b.be(hang)
	ctx, cancel := context.WithCancel(t.Context())
	for range g.places {
		go func() { _, _ = do(ctx) }()
	}
	synctest.Wait()
	return func() {
		cancel()
		synctest.Wait()
	}
}

// check compares the error of a call.
func check(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error = %v; want %v", err, want)
	}
}

// reaches makes a call that must reach the backend.
func reaches(t *testing.T, b *backend, do call, want error) {
	t.Helper()
	before := b.called()
	_, err := do(t.Context())
	check(t, err, want)
	if b.called() != before+1 {
		t.Fatal("the call did not reach the backend")
	}
}
