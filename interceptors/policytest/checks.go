package policytest

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// late ends calls long after the policy has moved on, in another goroutine, and
// has the messages of a stream come after its end.
func late(t testing.TB, s suite) {
	t.Helper()
	c := newCaller(t, s.newPolicy(t))
	const few = 3
	var calls []*held
	var tells []func()
	for range few {
		for n := range 8 { // every kind
			h := c.hold(n)
			if h == nil {
				continue
			}
			calls = append(calls, h)
			if tell := h.admission.Respond(); tell != nil {
				tells = append(tells, tell)
			}
		}
		for n, e := range endings() {
			_ = c.end(e, n) // may well be refused: the policy is churned, not judged
		}
		time.Sleep(restDays)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer c.contain()
		settle(calls, policy.Outcome{Err: status.Error(codes.Unavailable, "policytest: late failure")})
		for _, h := range calls {
			_ = h.admission.Message(policy.Received)
		}
		for _, tell := range tells {
			tell()
		}
	})
	wg.Wait()
	c.mustRest()
}

// doneContext asks under contexts that are done, of a policy with and without
// room.
func doneContext(t testing.TB, s suite) {
	t.Helper()
	c := newCaller(t, s.newPolicy(t))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, stop := context.WithTimeout(t.Context(), time.Nanosecond)
	defer stop()
	time.Sleep(time.Nanosecond)
	ask := func(room string) {
		for n, ctx := range []context.Context{cancelled, expired} {
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer c.contain()
				c.tryUnder(ctx, n)
			}()
			synctest.Wait()
			select {
			case <-done:
			default:
				t.Errorf("%s, Acquire blocks under a context that is done (%v)", room, ctx.Err())
			}
		}
	}
	ask("with room")
	calls := c.fill()
	ask("without room")
	settle(calls, policy.Outcome{})
	c.mustRest()
}

// tryUnder makes a call that ends the way its context did, if it is admitted.
func (c *caller) tryUnder(ctx context.Context, n int) {
	var a policy.Admission
	defer a.Abandon()
	if _, err := c.chain.Admit(ctx, newCall(ctx, n), &a); err == nil {
		a.Settle(policy.Outcome{Err: status.FromContextError(ctx.Err()).Err()})
	}
}

// leave has more callers than there is room for, whose contexts end while they
// wait.
func leave(t testing.TB, s suite) {
	t.Helper()
	c := newCaller(t, s.newPolicy(t))
	deadlined := func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(t.Context(), patience)
	}
	cancellable := func() (context.Context, context.CancelFunc) {
		return context.WithCancel(t.Context())
	}
	c.crowd("its deadline", deadlined, func(context.CancelFunc) { time.Sleep(patience) })
	time.Sleep(rest)
	c.crowd("its cancellation", cancellable, func(cancel context.CancelFunc) { cancel() })
	c.mustRest()
}

// crowd asks for many places at once, gives none back until the context that
// all share has ended by end, and reports who is still blocked then.
func (c *caller) crowd(
	when string,
	newContext func() (context.Context, context.CancelFunc),
	end func(context.CancelFunc),
) {
	c.t.Helper()
	ctx, cancel := newContext()
	defer cancel()
	var mu sync.Mutex
	var calls []*held
	blocked := callsPerCheck
	for n := range callsPerCheck {
		go func() {
			defer c.contain()
			h := &held{cancel: func() {}}
			_, err := c.chain.Admit(ctx, newCall(ctx, n), &h.admission)
			mu.Lock()
			defer mu.Unlock()
			blocked--
			if err == nil {
				calls = append(calls, h)
			}
		}()
	}
	synctest.Wait()
	end(cancel)
	synctest.Wait()
	mu.Lock()
	defer mu.Unlock()
	settle(calls, policy.Outcome{})
	if blocked > 0 {
		c.t.Fatalf("%d calls are blocked in Acquire after %s", blocked, when)
	}
}

// saturated fills the policy twice: what it refused at its limit must not have
// made it smaller.
func saturated(t testing.TB, s suite) {
	t.Helper()
	c := newCaller(t, s.newPolicy(t))
	before := c.fill()
	settle(before, policy.Outcome{})
	c.mustRest()
	time.Sleep(restDays)
	after := c.fill()
	settle(after, policy.Outcome{})
	if len(after) < len(before) {
		t.Errorf("%d calls ran at once before others were refused, %d after", len(before), len(after))
	}
	c.mustRest()
}

// concurrentSafe makes calls from many goroutines, which end in any way.
func concurrentSafe(t testing.TB, s suite) {
	t.Helper()
	c := newCaller(t, s.newPolicy(t))
	const goroutines, calls = 8, 64
	all := endings()
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range calls {
				e := all[rand.IntN(len(all))]         //nolint:gosec // nothing secret about a test
				_ = c.end(e, rand.IntN(calls))        //nolint:gosec // as above; may well be refused
				if pause := rand.IntN(8); pause > 4 { //nolint:gosec // as above
					time.Sleep(time.Duration(pause) * time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
	c.mustRest()
}
