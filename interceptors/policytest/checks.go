package policytest

import (
	"context"
	"math"
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
// delivers messages of a stream after its end.
func late(tb testing.TB, s suite) {
	tb.Helper()
	c := newCaller(tb, s.newPolicy(tb))
	const few = 3
	var calls []*held
	var tells []func()
	for range few {
		for n := range 8 { // every shape
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

// doneContext makes calls under contexts that are done, of a policy with and
// without room.
func doneContext(tb testing.TB, s suite) {
	tb.Helper()
	c := newCaller(tb, s.newPolicy(tb))
	cancelled, cancel := context.WithCancel(tb.Context())
	cancel()
	expired, stop := context.WithTimeout(tb.Context(), time.Nanosecond)
	defer stop()
	time.Sleep(time.Nanosecond)
	mustNotBlock(c, "with room", cancelled, expired)
	calls := c.fill()
	mustNotBlock(c, "without room", cancelled, expired)
	settle(calls, policy.Outcome{})
	c.mustRest()
}

// farDeadline makes calls with deadlines near and beyond the end of what a
// time.Duration can measure, each of a new policy.
func farDeadline(tb testing.TB, s suite) {
	tb.Helper()
	now := time.Now()
	for n, deadline := range []time.Time{
		now.Add(math.MaxInt64 - time.Hour), now.Add(math.MaxInt64), now.Add(math.MaxInt64).Add(time.Hour), now.AddDate(5000, 0, 0),
	} {
		c := newCaller(tb, s.newPolicy(tb))
		ctx, cancel := context.WithDeadline(tb.Context(), deadline)
		c.bounded(func() { c.mustHaveTime(ctx, n) })
		cancel()
		c.mustRest()
	}
}

// mustHaveTime makes a call that must be admitted, and not be over at once.
func (c *caller) mustHaveTime(ctx context.Context, n int) {
	c.tb.Helper()
	a := policy.Begin()
	defer a.End()
	a.Call = newCall(ctx, n)
	inner, err := c.chain.Admit(ctx, a)
	if err != nil {
		c.tb.Errorf("a call with a deadline at %v is refused: %v", a.Call.Deadline, err)
		return
	}
	if inner.Err() != nil {
		c.tb.Errorf("a call with a deadline at %v is over at once: %v", a.Call.Deadline, inner.Err())
	}
	a.Settle(nil)
}

// mustNotBlock makes a call under each of the contexts, which are done.
func mustNotBlock(c *caller, room string, contexts ...context.Context) {
	c.tb.Helper()
	for n, ctx := range contexts {
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer c.contain()
			tryUnder(ctx, c, n)
		}()
		synctest.Wait()
		select {
		case <-done:
		default:
			c.tb.Errorf("%s, Acquire blocks under a context that is done (%v)", room, ctx.Err())
		}
	}
}

// tryUnder makes a call that ends the way its context did, if it is admitted.
func tryUnder(ctx context.Context, c *caller, n int) {
	a := policy.Begin()
	defer a.End()
	a.Call = newCall(ctx, n)
	if _, err := c.chain.Admit(ctx, a); err == nil {
		a.Settle(status.FromContextError(ctx.Err()).Err())
	}
}

// leave starts more calls than there is room for and ends their contexts while
// they wait.
func leave(tb testing.TB, s suite) {
	tb.Helper()
	c := newCaller(tb, s.newPolicy(tb))
	deadlined := func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(tb.Context(), patience)
	}
	cancellable := func() (context.Context, context.CancelFunc) {
		return context.WithCancel(tb.Context())
	}
	crowd(c, "its deadline", deadlined, func(context.CancelFunc) { time.Sleep(patience) })
	time.Sleep(rest)
	crowd(c, "its cancellation", cancellable, func(cancel context.CancelFunc) { cancel() })
	c.mustRest()
}

// crowd asks for many places at once and gives none back until end has ended
// the context that all share. It reports the calls that are still blocked then.
func crowd(
	c *caller,
	when string,
	newContext func() (context.Context, context.CancelFunc),
	end func(context.CancelFunc),
) {
	c.tb.Helper()
	ctx, cancel := newContext()
	defer cancel()
	var mu sync.Mutex
	var calls []*held
	blocked := callsPerCheck
	for n := range callsPerCheck {
		go func() {
			defer c.contain()
			h := &held{cancel: func() {}}
			h.admission.Call = newCall(ctx, n)
			_, err := c.chain.Admit(ctx, &h.admission)
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
		c.tb.Fatalf("%d calls are blocked in Acquire after %s", blocked, when)
	}
}

// saturated fills the policy twice: refusals at the limit must not have lowered
// it.
func saturated(tb testing.TB, s suite) {
	tb.Helper()
	c := newCaller(tb, s.newPolicy(tb))
	before := c.fill()
	settle(before, policy.Outcome{})
	c.mustRest()
	time.Sleep(restDays)
	after := c.fill()
	settle(after, policy.Outcome{})
	if len(after) < len(before) {
		tb.Errorf("%d calls ran at once before others were refused, %d after", len(before), len(after))
	}
	c.mustRest()
}

// concurrentSafe makes calls from many goroutines, which end in any way.
func concurrentSafe(tb testing.TB, s suite) {
	tb.Helper()
	c := newCaller(tb, s.newPolicy(tb))
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
