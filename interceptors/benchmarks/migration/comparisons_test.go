package migration

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// comparison is about what the sides of a pair do each in its own way, as the
// page says.
type comparison struct {
	name string
	// see returns what a side is seen to do.
	see func(t *testing.T, g guard, b *backend) string
	// peer and afloat are what the two do.
	peer, afloat string
}

// compare looks at both sides, in virtual time.
func compare(t *testing.T, pair [2]guard, comparisons ...comparison) {
	t.Helper()
	for _, c := range comparisons {
		for i, want := range []string{c.peer, c.afloat} {
			t.Run(pair[i].name+" "+c.name, func(t *testing.T) {
				inBubble(t, pair[i], func(t *testing.T, g guard, b *backend) {
					t.Helper()
					if got := c.see(t, g, b); got != want {
						t.Errorf("%q; want %q", got, want)
					}
				})
			})
		}
	}
}

// codeOfRefusal is the status code that a caller sees.
func codeOfRefusal(t *testing.T, g guard, b *backend) string {
	t.Helper()
	do := g.dial(t, b)
	g.trip(t, b, do.bare)
	_, err := do.bare(t.Context())
	return status.Code(err).String()
}

// codeOfTimeout is the status code of a call that took too long.
func codeOfTimeout(t *testing.T, g guard, b *backend) string {
	t.Helper()
	do := g.dial(t, b)
	b.be(hang)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := do.bare(ctx)
	return status.Code(err).String()
}

// deadlineSeen is how much time the backend thinks that it has.
func deadlineSeen(t *testing.T, g guard, b *backend) (seen string) {
	t.Helper()
	do := g.dial(t, b)
	seen = "none"
	b.be(func(ctx context.Context) error {
		if at, ok := ctx.Deadline(); ok {
			seen = time.Until(at).Round(100 * time.Millisecond).String()
		}
		return nil
	})
	reaches(t, b, do.bare, nil)
	return seen
}

// streamWhileOpen opens a stream through a circuit that refuses calls.
func streamWhileOpen(t *testing.T, g guard, b *backend) string {
	t.Helper()
	do := g.dial(t, b)
	g.trip(t, b, do.bare)
	b.be(well)
	if _, err := do.stream(t.Context()); errors.Is(err, g.open) {
		return "refused"
	} else if err != nil {
		return err.Error()
	}
	return "passes"
}

// hungProbe has all probes of a half-open circuit hang, and calls an hour later.
func hungProbe(t *testing.T, g guard, b *backend) string {
	t.Helper()
	do := g.dial(t, b)
	g.trip(t, b, do.bare)
	time.Sleep(longest)
	b.be(hang)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range g.successes {
		go func() { _, _ = do.bare(ctx) }()
	}
	synctest.Wait()
	time.Sleep(time.Hour)
	b.be(well)
	if _, err := do.bare(t.Context()); err != nil {
		return err.Error()
	}
	return "answered"
}

// cancelledProbes has the callers of all probes give up, and then one call fail.
func cancelledProbes(t *testing.T, g guard, b *backend) string {
	t.Helper()
	do := g.dial(t, b)
	g.trip(t, b, do.bare)
	time.Sleep(longest)
	b.be(hang)
	for range g.successes {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { _, err := do.bare(ctx); ended <- err }()
		synctest.Wait()
		cancel()
		if err := <-ended; status.Code(err) != codes.Canceled {
			t.Fatal(err)
		}
	}
	b.be(down)
	reaches(t, b, do.bare, errDown)
	if _, err := do.bare(t.Context()); errors.Is(err, g.open) {
		return "was half-open still"
	}
	return "had closed"
}

// placesAfterPanics has as many calls panic as there are places.
func placesAfterPanics(t *testing.T, g guard, b *backend) string {
	t.Helper()
	panics := true
	do := g.dial(t, b, grpc.WithChainUnaryInterceptor(func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		if panics {
			panic("inside of the guard")
		}
		return invoker(ctx, method, req, reply, cc, opts...)
	}))
	for range g.places {
		func() {
			defer func() { _ = recover() }()
			_, _ = do.bare(t.Context())
		}()
	}
	panics = false
	if _, err := do.bare(t.Context()); errors.Is(err, g.full) {
		return "taken for good"
	} else if err != nil {
		return err.Error()
	}
	return "free"
}

// refusalsThatCount makes many calls more than there are places for, and says
// what the last was refused by.
func refusalsThatCount(t *testing.T, g guard, b *backend) string {
	t.Helper()
	do := g.dial(t, b)
	defer g.fill(t, b, do.bare)()
	var err error
	for range 3 * g.failures {
		_, err = do.bare(t.Context())
	}
	switch {
	case errors.Is(err, g.open):
		return "the circuit"
	case errors.Is(err, g.full):
		return "the places"
	default:
		return "nobody"
	}
}

// afterTimeout is what becomes of a call that took too long.
func afterTimeout(t *testing.T, g guard, b *backend) string {
	t.Helper()
	do := g.dial(t, b)
	var ended atomic.Bool
	b.be(func(ctx context.Context) error {
		<-ctx.Done()
		ended.Store(true)
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := do.bare(ctx); !g.late(err) {
		t.Fatalf("error = %v; want that of a timeout", err)
	}
	synctest.Wait()
	if ended.Load() {
		return "is cancelled"
	}
	return "runs on"
}

// lateSuccess has a call that began before the circuit opened succeed after that.
func lateSuccess(t *testing.T, g guard, b *backend) string {
	t.Helper()
	do := g.dial(t, b)
	release := make(chan struct{})
	b.be(func(context.Context) error { <-release; return nil })
	go func() { _, _ = do.bare(t.Context()) }()
	synctest.Wait()
	g.trip(t, b, do.bare)
	close(release)
	synctest.Wait()
	b.be(well)
	if _, err := do.bare(t.Context()); errors.Is(err, g.open) {
		return "changes nothing"
	}
	return "closes it"
}

// answerThatIsNone makes a call that is answered with NOT_FOUND.
func answerThatIsNone(t *testing.T, g guard, b *backend) string {
	t.Helper()
	do := g.dial(t, b)
	b.be(none)
	got, err := do.withFallback(t.Context())
	if err != nil {
		return status.Code(err).String()
	}
	return got
}
