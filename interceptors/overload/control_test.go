package overload_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/pressure"
)

const method = "/shop.v1.Shop/Get"

// still is a scheduler under which nothing waits.
type still struct{}

func (still) Waits() (uint64, time.Duration) { return 0, 0 }

func (still) Yield() {}

// newControl returns a controller that does not look at Go's scheduler.
func newControl(tb testing.TB, cfg overload.Config) *overload.Control {
	tb.Helper()
	c, err := overload.New(cfg, overload.WithMeter(pressure.NewMeter(still{})))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// callOf returns a call of a class.
func callOf(class criticality.Class) *policy.Call {
	return &policy.Call{Method: method, Side: policy.Server, Criticality: criticality.Mark{Class: class}}
}

// fill takes every place.
func fill(tb testing.TB, c *overload.Control) []policy.Permit {
	tb.Helper()
	var held []policy.Permit
	for c.Snapshot().InFlight < c.Snapshot().Limit {
		p, err := c.Acquire(tb.Context(), callOf(criticality.High))
		if err != nil {
			tb.Fatal(err)
		}
		held = append(held, p)
	}
	return held
}

// giveBack ends a call well.
func giveBack(p policy.Permit) {
	p.Settler.Settle(p.Token, &policy.Outcome{Verdict: policy.Success, End: policy.Now()})
}

// asked is a call that was asked for.
type asked struct {
	class criticality.Class
	err   error
	took  time.Duration
	done  bool
	from  policy.Permit
}

// ask asks for a call, which waits if it must.
func ask(ctx context.Context, c *overload.Control, class criticality.Class) *asked {
	a := &asked{class: class}
	began := time.Now()
	go func() {
		call := callOf(class)
		call.Deadline, _ = ctx.Deadline()
		a.from, a.err = c.Acquire(ctx, call)
		a.took, a.done = time.Since(began), true
	}()
	synctest.Wait()
	return a
}

func TestConforms(t *testing.T) { //nolint:paralleltest // it measures allocations
	for _, mode := range []overload.Mode{overload.Automatic, overload.Shadow, overload.Exempt} { //nolint:paralleltest // as above
		t.Run(mode.String(), func(t *testing.T) {
			policytest.Run(t, func(tb testing.TB) policy.Policy {
				tb.Helper()
				return newControl(tb, overload.Config{Mode: mode})
			})
		})
	}
}

// In a crowd, those come first of the calls that wait that matter most, and of a class those
// that have waited longest; the others are refused when their time is over.
func TestHighestClassFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newControl(t, overload.Config{})
		held := fill(t, c)
		time.Sleep(time.Second)
		for i, p := range held { // each takes a second
			giveBack(p)
			held[i], _ = c.Acquire(t.Context(), callOf(criticality.High))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for range 25 {
			ask(ctx, c, criticality.Low)
		}
		var all []*asked
		for _, class := range []criticality.Class{criticality.Low, criticality.Unset, criticality.Critical, criticality.Medium, criticality.Critical, criticality.High} {
			all = append(all, ask(ctx, c, class))
			time.Sleep(time.Millisecond)
		}
		order := []*asked{all[2], all[4], all[1], all[5], all[3]}
		for i, next := range order {
			giveBack(held[i])
			synctest.Wait()
			if !next.done || next.err != nil {
				t.Fatalf("place %d did not go to the call of class %q: %v", i, next.class, next.err)
			}
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		low := all[0]
		if !low.done || !errors.Is(low.err, overload.ErrOverloaded) {
			t.Errorf("the call of class low: done %v, %v; want refused", low.done, low.err)
		}
		if s := c.Snapshot(); s.Waiting != 0 || s.InFlight != len(held) || s.RejectedOf[0] != 26 || s.Rejected != 26 {
			t.Errorf("snapshot = %+v", s)
		}
	})
}

// Where there is no crowd, calls come in order of arrival, whatever they matter.
func TestFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newControl(t, overload.Config{})
		held := fill(t, c)
		time.Sleep(time.Second)
		for i, p := range held {
			giveBack(p)
			held[i], _ = c.Acquire(t.Context(), callOf(criticality.High))
		}
		var all []*asked
		for _, class := range []criticality.Class{criticality.Low, criticality.Critical, criticality.Unset, criticality.Medium} {
			all = append(all, ask(t.Context(), c, class))
			time.Sleep(time.Millisecond)
		}
		for i, next := range all {
			giveBack(held[i])
			synctest.Wait()
			if !next.done || next.err != nil {
				t.Fatalf("place %d did not go to the call of class %q: %v", i, next.class, next.err)
			}
		}
	})
}

// A burst is served in order of arrival, and nobody is refused whose deadline allows the
// wait.
func TestBurstsWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newControl(t, overload.Config{})
		var mu sync.Mutex
		var wg sync.WaitGroup
		refused := 0
		for range 200 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				p, err := c.Acquire(ctx, callOf(criticality.High))
				if err != nil {
					mu.Lock()
					refused++
					mu.Unlock()
					return
				}
				time.Sleep(50 * time.Millisecond)
				giveBack(p)
			})
		}
		wg.Wait()
		if refused > 0 || c.Snapshot().InFlight != 0 {
			t.Errorf("%d of a burst were refused, %d are in flight", refused, c.Snapshot().InFlight)
		}
	})
}

// A refusal is RESOURCE_EXHAUSTED, and says why and when to try again.
func TestRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newControl(t, overload.Config{})
		held := fill(t, c)
		time.Sleep(200 * time.Millisecond)
		giveBack(held[0]) // ends an interval
		if _, err := c.Acquire(t.Context(), callOf(criticality.High)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		a := ask(ctx, c, criticality.High)
		time.Sleep(time.Second)
		synctest.Wait()
		r, ok := errors.AsType[*policy.Rejection](a.err)
		if !ok || r.Kind != "overload" || r.Method != method || !errors.Is(a.err, overload.ErrOverloaded) || a.took > 50*time.Millisecond {
			t.Fatalf("%v after %v; want a refusal before the deadline", a.err, a.took)
		}
		s := status.Convert(a.err)
		if s.Code() != codes.ResourceExhausted || policy.ReasonOf(s.Err()) != policy.ReasonOverloaded || len(s.Details()) != 2 {
			t.Errorf("status = %v with %v", s, s.Details())
		}
		if wait, ok := s.Details()[1].(*errdetails.RetryInfo); !ok || wait.GetRetryDelay().AsDuration() < 0 {
			t.Errorf("details = %v; want a RetryInfo", s.Details())
		}
	})
}

// Whoever gives up while it waits, or before, is no refusal, and leaves nothing behind.
func TestCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newControl(t, overload.Config{})
		held := fill(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		a := ask(ctx, c, criticality.High)
		cancel()
		synctest.Wait()
		b := ask(ctx, c, criticality.High)
		for _, a := range []*asked{a, b} {
			if !a.done || status.Code(a.err) != codes.Canceled || !errors.Is(a.err, overload.ErrCancelled) {
				t.Errorf("%v, %v; want cancelled", a.done, a.err)
			}
		}
		for _, p := range held {
			giveBack(p)
		}
		if s := c.Snapshot(); s.InFlight != 0 || s.Waiting != 0 || s.Cancelled != 2 || s.Rejected != 0 {
			t.Errorf("snapshot = %+v", s)
		}
	})
}

// A call that has less time left than its method takes is not begun, but for one now and
// then, to see whether that is still so. Other methods and calls with more time are.
func TestDoomedCallsAreNotBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newControl(t, overload.Config{})
		for range 400 {
			p, err := c.Acquire(t.Context(), callOf(criticality.High))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
			giveBack(p)
		}
		try := func(name string, left time.Duration) (refused int) {
			for range 2 * 64 {
				ctx, cancel := context.WithTimeout(t.Context(), left)
				call := callOf(criticality.Critical)
				call.Method = name
				call.Deadline, _ = ctx.Deadline()
				p, err := c.Acquire(ctx, call)
				switch {
				case err == nil:
					p.Settler.Settle(p.Token, &policy.Outcome{Verdict: policy.Failure, End: policy.Now()})
				case errors.Is(err, overload.ErrDeadline) && status.Code(err) == codes.DeadlineExceeded:
					refused++
				default:
					t.Fatal(err)
				}
				cancel()
			}
			return refused
		}
		if n := try(method, 50*time.Millisecond); n != 2*63 {
			t.Errorf("%d of 128 calls with half of the time were not begun; want 126", n)
		}
		if n := try(method, 200*time.Millisecond); n != 0 {
			t.Errorf("%d calls with twice the time were not begun", n)
		}
		if n := try("/shop.v1.Shop/Quick", 50*time.Millisecond); n != 0 {
			t.Errorf("%d calls of another method were not begun", n)
		}
	})
}

// In shadow nobody waits or is refused; those who would be are noted and counted.
func TestShadow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newControl(t, overload.Config{Mode: overload.Shadow})
		noted := 0
		for range 5000 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			call := callOf(criticality.High)
			call.Deadline, _ = ctx.Deadline()
			began := time.Now()
			if _, err := c.Acquire(ctx, call); err != nil || time.Since(began) > 0 {
				t.Fatalf("refused or blocked: %v, %v", err, time.Since(began))
			}
			if call.Notes.Has(policy.NoteShadowed) {
				noted++
			}
			cancel()
		}
		if s := c.Snapshot(); noted == 0 || s.Rejected != uint64(noted) || s.InFlight != 5000 {
			t.Errorf("%d were noted, snapshot = %+v", noted, s)
		}
	})
}

func TestExempt(t *testing.T) {
	t.Parallel()
	c := newControl(t, overload.Config{Mode: overload.Exempt})
	for range 5000 {
		if p, err := c.Acquire(t.Context(), callOf(criticality.Low)); err != nil || p.Settler != nil {
			t.Fatalf("%+v, %v", p, err)
		}
	}
}

// A change of the mode serves those who wait.
func TestUpdate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newControl(t, overload.Config{})
		fill(t, c)
		a, b := ask(t.Context(), c, criticality.Low), ask(t.Context(), c, criticality.High)
		if err := c.Update(overload.Config{Mode: 7}); err == nil || err.Error() != "overload: mode = Mode(7); must be Automatic, Shadow or Exempt" {
			t.Errorf("Update = %v", err)
		}
		if a.done || b.done {
			t.Fatal("they do not wait")
		}
		if err := c.Update(overload.Config{Mode: overload.Shadow}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !a.done || !b.done || a.err != nil || b.err != nil {
			t.Errorf("%v, %v; want both admitted", a.err, b.err)
		}
		if got := c.Config(); got.Mode != overload.Shadow {
			t.Errorf("config = %+v", got)
		}
	})
}

// A place that comes free while its taker gives up goes to the next, and places are never
// lost, whatever the order of events.
func TestPlacesAreNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newControl(t, overload.Config{})
		var wg sync.WaitGroup
		for i := range 2000 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%50)*time.Millisecond)
				defer cancel()
				p, err := c.Acquire(ctx, callOf(criticality.Low+criticality.Class(i%4)))
				if err != nil {
					return
				}
				time.Sleep(time.Duration(i%7) * time.Millisecond)
				giveBack(p)
			})
			if i%40 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		wg.Wait()
		if s := c.Snapshot(); s.InFlight != 0 || s.Waiting != 0 {
			t.Errorf("snapshot = %+v", s)
		}
	})
}

// The same in real time, for the race detector.
func TestConcurrentSafe(t *testing.T) {
	t.Parallel()
	c := newControl(t, overload.Config{})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				p, err := c.Acquire(t.Context(), callOf(criticality.Low+criticality.Class(i%4)))
				if err != nil {
					continue
				}
				if i%(g+2) == 0 {
					runtime.Gosched()
				}
				giveBack(p)
				_ = c.Snapshot()
			}
		})
	}
	wg.Wait()
	if s := c.Snapshot(); s.InFlight != 0 || s.Waiting != 0 {
		t.Errorf("snapshot = %+v", s)
	}
}

func TestIdle(t *testing.T) {
	t.Parallel()
	c := newControl(t, overload.Config{})
	if !c.Idle() {
		t.Error("busy at first")
	}
	p, err := c.Acquire(t.Context(), callOf(criticality.High))
	if err != nil || c.Idle() {
		t.Errorf("%v, idle %v with a call in flight", err, c.Idle())
	}
	giveBack(p)
	if !c.Idle() {
		t.Error("busy in the end")
	}
}

// A stream has a place while a message is being handled, and none while it is only open.
func TestStreams(t *testing.T) {
	t.Parallel()
	c := newControl(t, overload.Config{})
	call := callOf(criticality.High)
	call.Shape = policy.BidiStream
	p, err := c.Acquire(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	messenger, ok := p.Settler.(policy.Messenger)
	waiter, also := p.Settler.(policy.Waiter)
	if !ok || !also {
		t.Fatalf("%T is told nothing of messages", p.Settler)
	}
	want := func(n int, when string) {
		t.Helper()
		if got := c.Snapshot().InFlight; got != n {
			t.Errorf("%s: %d in flight; want %d", when, got, n)
		}
	}
	want(1, "opened")
	waiter.Waiting(0, policy.Received, true)
	want(0, "waits for a message")
	waiter.Waiting(0, policy.Received, false)
	if err := messenger.Message(0, policy.Received); err != nil {
		t.Fatal(err)
	}
	want(1, "has a message")
	_ = messenger.Message(0, policy.Received)
	want(1, "has two")
	_ = messenger.Message(0, policy.Sent)
	want(0, "has answered")
	_ = messenger.Message(0, policy.Received)
	p.Settler.Settle(0, &policy.Outcome{})
	want(0, "has ended")
	_ = messenger.Message(0, policy.Received)
	waiter.Waiting(0, policy.Received, true)
	want(0, "had ended")
}

// Admitting and refusing allocate nothing.
func TestAllocs(t *testing.T) { //nolint:paralleltest // it measures allocations
	near, stop := context.WithTimeout(t.Context(), time.Nanosecond)
	defer stop()
	for name, ctx := range map[string]context.Context{"admitted": t.Context(), "refused": near} {
		c := newControl(t, overload.Config{})
		if ctx == near {
			fill(t, c)
		}
		chain := rpctest.ChainOf(t, c)
		allocs := testing.AllocsPerRun(1000, func() {
			a := policy.Begin()
			defer a.End()
			a.Call = *callOf(criticality.Low)
			if _, err := chain.Admit(ctx, a); err == nil {
				a.Settle(nil)
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations; want none", name, allocs)
		}
	}
}

func BenchmarkAcquire(b *testing.B) {
	c := newControl(b, overload.Config{})
	ctx, call := b.Context(), callOf(criticality.High)
	b.ReportAllocs()
	for b.Loop() {
		call.Begin = 0
		p, err := c.Acquire(ctx, call)
		if err == nil {
			p.Settler.Settle(p.Token, &policy.Outcome{Verdict: policy.Success})
		}
	}
}
