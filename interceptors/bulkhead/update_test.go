package bulkhead_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
)

func update(tb testing.TB, b *bulkhead.Bulkhead, cfg bulkhead.Config) {
	tb.Helper()
	began := time.Now()
	if err := b.Update(cfg); err != nil {
		tb.Fatalf("Update(%+v) = %v", cfg, err)
	}
	if took := time.Since(began); took != 0 {
		tb.Errorf("Update blocked for %v", took)
	}
}

// Shrinking returns at once while calls are in flight (bug 15: shrinking blocks
// until they end), and holds as they end.
func TestShrinkDoesNotBlock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, queued(4, 10))
		held := []policy.Permit{take(t, b), take(t, b), take(t, b), take(t, b)}
		first, second := ask(t.Context(), b), ask(t.Context(), b)
		update(t, b, queued(2, 10))
		wantCounts(t, b, 4, 2)
		for _, p := range held[:2] {
			giveBack(p)
			synctest.Wait()
			wantWaiting(t, first, second)
		}
		wantCounts(t, b, 2, 2)
		giveBack(held[2])
		synctest.Wait()
		held[0] = wantAdmitted(t, first, 0)
		wantWaiting(t, second)
		giveBack(held[3])
		synctest.Wait()
		held[1] = wantAdmitted(t, second, 0)
		giveBack(held[0])
		giveBack(held[1])
		wantCounts(t, b, 0, 0)
	})
}

func TestGrowServesWaiters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, queued(1, 10))
		take(t, b)
		first, second, third := ask(t.Context(), b), ask(t.Context(), b), ask(t.Context(), b)
		time.Sleep(time.Second)
		update(t, b, queued(3, 10))
		synctest.Wait()
		wantAdmitted(t, first, time.Second)
		wantAdmitted(t, second, time.Second)
		wantWaiting(t, third)
		wantCounts(t, b, 3, 1)
		update(t, b, queued(10, 10))
		synctest.Wait()
		wantAdmitted(t, third, time.Second)
		wantAdmitted(t, ask(t.Context(), b), 0)
		wantCounts(t, b, 5, 0)
	})
}

// A queue that shrinks, or goes, keeps those who wait, for as long as they
// meant to.
func TestWaitersStay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 1, MaxQueue: 3, MaxWait: time.Second})
		holder := take(t, b)
		first, second, third := ask(t.Context(), b), ask(t.Context(), b), ask(t.Context(), b)
		update(t, b, bulkhead.Config{MaxConcurrent: 1, MaxQueue: 1, MaxWait: time.Millisecond})
		wantRefused(t, ask(t.Context(), b), bulkhead.ErrFull, 0)
		update(t, b, bulkhead.Config{MaxConcurrent: 1})
		wantRefused(t, ask(t.Context(), b), bulkhead.ErrFull, 0)
		time.Sleep(time.Second - 1)
		giveBack(holder)
		synctest.Wait()
		giveBack(wantAdmitted(t, first, time.Second-1))
		synctest.Wait()
		holder = wantAdmitted(t, second, time.Second-1)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		wantRefused(t, third, bulkhead.ErrQueueTimeout, time.Second)
		giveBack(holder)
		wantCounts(t, b, 0, 0)
	})
}

func TestQueueAddedInUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 1})
		holder := take(t, b)
		wantRefused(t, ask(t.Context(), b), bulkhead.ErrFull, 0)
		update(t, b, queued(1, 1))
		a := ask(t.Context(), b)
		time.Sleep(time.Second)
		giveBack(holder)
		synctest.Wait()
		p := wantAdmitted(t, a, time.Second)
		if want := policy.WantsStart | policy.WantsEnd; p.Wants != want {
			t.Errorf("Wants = %v; want %v", p.Wants, want)
		}
	})
}
