package bulkhead_test

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
)

func TestQueueIsFIFO(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const seats = 10
		b := newBulkhead(t, queued(1, seats))
		last := take(t, b)
		var line []*attempt
		for range seats {
			line = append(line, ask(t.Context(), b))
		}
		wantCounts(t, b, 1, seats)
		for i, next := range line {
			time.Sleep(time.Second)
			giveBack(last)
			synctest.Wait()
			last = wantAdmitted(t, next, time.Duration(i+1)*time.Second)
			wantWaiting(t, line[i+1:]...)
			wantCounts(t, b, 1, seats-i-1)
		}
		giveBack(last)
		wantCounts(t, b, 0, 0)
	})
}

// Whoever comes while somebody waits does not get the place, even if he comes at
// the moment that it is given back.
func TestNewcomersDoNotOvertake(t *testing.T) {
	t.Parallel()
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			b := newBulkhead(t, queued(1, 1))
			holder := take(t, b)
			waiter := ask(t.Context(), b)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var trying, overtook atomic.Bool
			go func() {
				// While the seat is taken, newcomers are refused. Once it is free, the
				// next one queues until ctx ends.
				for ctx.Err() == nil && !overtook.Load() {
					trying.Store(true)
					_, err := b.Acquire(ctx, new(call()))
					overtook.Store(err == nil)
				}
			}()
			for !trying.Load() {
				runtime.Gosched()
			}
			giveBack(holder)
			synctest.Wait()
			cancel()
			synctest.Wait()
			if overtook.Load() {
				t.Fatal("a newcomer had the place before the one who waited")
			}
			wantEnd(t, b, waiter)
		})
	}
}

func TestQueueFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, queued(1, 2))
		holder := take(t, b)
		first, second := ask(t.Context(), b), ask(t.Context(), b)
		wantRefused(t, ask(t.Context(), b), bulkhead.ErrFull, 0)
		giveBack(holder)
		synctest.Wait()
		holder = wantAdmitted(t, first, 0)
		third := ask(t.Context(), b)
		wantWaiting(t, second, third)
		wantRefused(t, ask(t.Context(), b), bulkhead.ErrFull, 0)
		giveBack(holder)
		synctest.Wait()
		giveBack(wantAdmitted(t, second, 0))
		synctest.Wait()
		giveBack(wantAdmitted(t, third, 0))
		wantCounts(t, b, 0, 0)
	})
}

func TestPermitAfterWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, queued(1, 1))
		holder := take(t, b)
		a := ask(t.Context(), b)
		const wait = 1234 * time.Millisecond
		time.Sleep(wait)
		giveBack(holder)
		synctest.Wait()
		wantAdmitted(t, a, wait)
		if asked := a.result.Load().call; asked.Waited != wait || asked.Begin != policy.Now() {
			t.Errorf("Waited = %v, Begin = %v; want %v, %v", asked.Waited, asked.Begin, wait, policy.Now())
		}
	})
}

// A waiter that leaves does so at a precise instant, gives its seat back, and
// says why.
func TestLeave(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		maxWait time.Duration
		// deadline is the call's, from when it asks. Zero: none.
		deadline time.Duration
		// cancel is when the call is cancelled, and with what. Zero: it is not.
		cancel time.Duration
		cause  error
		want   error
		code   codes.Code
		after  time.Duration
	}{
		{
			name: "at MaxWait", maxWait: time.Second,
			want: bulkhead.ErrQueueTimeout, code: codes.ResourceExhausted, after: time.Second,
		},
		{
			name: "at MaxWait before the deadline", maxWait: time.Second, deadline: time.Second + 1,
			want: bulkhead.ErrQueueTimeout, code: codes.ResourceExhausted, after: time.Second,
		},
		{
			name: "at the deadline", maxWait: time.Second, deadline: time.Second - 1,
			want: bulkhead.ErrDeadline, code: codes.DeadlineExceeded, after: time.Second - 1,
		},
		{
			name: "at both", maxWait: time.Second, deadline: time.Second,
			want: bulkhead.ErrDeadline, code: codes.DeadlineExceeded, after: time.Second,
		},
		{
			name: "when cancelled", maxWait: time.Second, cancel: 300 * time.Millisecond,
			want: bulkhead.ErrCancelled, code: codes.Canceled, after: 300 * time.Millisecond,
		},
		{
			name: "when timed out further out", maxWait: time.Second, cancel: 300 * time.Millisecond,
			cause: status.Error(codes.DeadlineExceeded, "timeout"),
			want:  bulkhead.ErrDeadline, code: codes.DeadlineExceeded, after: 300 * time.Millisecond,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 1, MaxQueue: 1, MaxWait: tt.maxWait})
				take(t, b)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if tt.cancel > 0 {
					time.AfterFunc(tt.cancel, func() { cancel(tt.cause) })
				}
				if tt.deadline > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, tt.deadline)
					defer stop()
				}
				a := ask(ctx, b)
				wantCounts(t, b, 1, 1)
				time.Sleep(tt.after - 1)
				synctest.Wait()
				wantWaiting(t, a)
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				wantRefused(t, a, tt.want, tt.after)
				if got := status.Code(a.result.Load().err); got != tt.code {
					t.Errorf("code = %v; want %v", got, tt.code)
				}
				wantCounts(t, b, 1, 0)
			})
		})
	}
}

// Those behind a waiter that leaves move up, wherever it stood.
func TestLeaveFromTheMiddle(t *testing.T) {
	t.Parallel()
	for leaver := range 3 {
		synctest.Test(t, func(t *testing.T) {
			b := newBulkhead(t, queued(1, 3))
			last := take(t, b)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var line []*attempt
			for i := range 3 {
				c := t.Context()
				if i == leaver {
					c = ctx
				}
				line = append(line, ask(c, b))
			}
			cancel()
			synctest.Wait()
			wantRefused(t, line[leaver], bulkhead.ErrCancelled, 0)
			line = slices.Delete(line, leaver, leaver+1)
			line = append(line, ask(t.Context(), b))
			for i, next := range line {
				giveBack(last)
				synctest.Wait()
				last = wantAdmitted(t, next, 0)
				wantWaiting(t, line[i+1:]...)
			}
			giveBack(last)
			wantCounts(t, b, 0, 0)
		})
	}
}

// A place handed to a waiter that is about to leave goes on to the next (bug
// 13: a waiter that timed out is granted a permit that nobody returns).
func TestPlaceOfLeavingWaiterIsPassedOn(t *testing.T) {
	t.Parallel()
	const wait = time.Second
	tests := []struct {
		name string
		// meet makes the holder give back its place just as the waiter leaves.
		meet func(holder policy.Permit, cancel context.CancelFunc)
	}{
		{"cancelled, then served", func(holder policy.Permit, cancel context.CancelFunc) {
			cancel()
			giveBack(holder)
		}},
		{"served, then cancelled", func(holder policy.Permit, cancel context.CancelFunc) {
			giveBack(holder)
			cancel()
		}},
		{"served at MaxWait", func(holder policy.Permit, _ context.CancelFunc) {
			time.Sleep(wait - 1)
			giveBack(holder)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for range 200 { // either may win
				synctest.Test(t, func(t *testing.T) {
					b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 1, MaxQueue: 2, MaxWait: wait})
					holder := take(t, b)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					leaver := ask(ctx, b)
					time.Sleep(time.Nanosecond) // so that the next may wait 1ns longer
					next := ask(t.Context(), b)
					tt.meet(holder, cancel)
					synctest.Wait()
					if r := leaver.result.Load(); r.err == nil {
						wantWaiting(t, next)
						giveBack(r.permit)
						synctest.Wait()
					}
					wantEnd(t, b, next)
				})
			}
		})
	}
}

// The same for a waiter that learns of its end only when it has the place.
func TestPlaceOfWaiterThatIsDoneIsPassedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, queued(1, 2))
		holder := take(t, b)
		leaver := ask(&doneLater{Context: t.Context()}, b)
		next := ask(t.Context(), b)
		giveBack(holder)
		synctest.Wait()
		wantRefused(t, leaver, bulkhead.ErrCancelled, 0)
		wantEnd(t, b, next)
	})
}

// doneLater is a context that is done from the second time on that it is asked.
type doneLater struct {
	context.Context

	asked int
}

func (d *doneLater) Err() error {
	if d.asked++; d.asked > 1 {
		return context.Canceled
	}
	return nil
}

// wantEnd wants next to have the only place, and nothing to be left after it.
func wantEnd(t *testing.T, b *bulkhead.Bulkhead, next *attempt) {
	t.Helper()
	r := next.result.Load()
	if r == nil || r.err != nil {
		t.Fatal("the next in line has no place; want the one that was passed on")
	}
	wantCounts(t, b, 1, 0)
	giveBack(r.permit)
	wantCounts(t, b, 0, 0)
}

// Bug: the time to a deadline centuries ahead overflowed, and the call was refused for it.
func TestDeadlineInCenturies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, _ := busy(t, queued(1, 1), times(8, time.Second)...)
		far, cancel := context.WithDeadline(t.Context(), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
		defer cancel()
		wantWaiting(t, ask(far, b))
	})
}
