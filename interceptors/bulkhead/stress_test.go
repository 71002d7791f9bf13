package bulkhead_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// tally counts what becomes of calls.
type tally struct {
	running, most              atomic.Int64
	admitted, refused, unknown atomic.Int64
}

// call makes one call, which may give up while it waits, and holds its place
// for a moment. Instants are few, so that much happens at the same one.
func (y *tally) call(b *bulkhead.Bulkhead) {
	few := func() time.Duration { return time.Duration(rand.IntN(4)) * time.Millisecond }
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	switch rand.IntN(4) {
	case 0:
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, few())
		defer stop()
	case 1:
		// Not at once: a timer of a bubble that is due when it is made upsets the
		// race detector of go1.26.
		time.AfterFunc(few()+time.Millisecond, cancel)
	}
	err := policy.Run(ctx, b, "call", func(context.Context) error {
		y.enter()
		if hold := few(); hold > 0 {
			time.Sleep(hold)
		}
		y.running.Add(-1)
		return nil
	})
	if err == nil {
		y.admitted.Add(1)
		return
	}
	y.refused.Add(1)
	reasons := []error{bulkhead.ErrFull, bulkhead.ErrQueueTimeout, bulkhead.ErrDeadline, bulkhead.ErrCancelled}
	if !slices.ContainsFunc(reasons, func(reason error) bool { return errors.Is(err, reason) }) {
		y.unknown.Add(1)
	}
}

func (y *tally) enter() {
	n := y.running.Add(1)
	for {
		most := y.most.Load()
		if n <= most || y.most.CompareAndSwap(most, n) {
			return
		}
	}
}

// Many calls come, wait, give up and end at the same instants. Never more run
// than may, none is lost, and nothing is left behind (bug 13: a place granted
// to a waiter that left).
func TestStressConcurrentSafe(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		cfg  bulkhead.Config
		// others are limits that are set in turn meanwhile.
		others []bulkhead.Config
		most   int64
	}{
		{name: "without queue", cfg: bulkhead.Config{MaxConcurrent: 4}, most: 4},
		{
			name: "with queue", most: 4,
			cfg: bulkhead.Config{MaxConcurrent: 4, MaxQueue: 8, MaxWait: 2 * time.Millisecond},
		},
		{
			name: "one place", most: 1,
			cfg: bulkhead.Config{MaxConcurrent: 1, MaxQueue: 100, MaxWait: 3 * time.Millisecond},
		},
		{
			name: "shrinking and growing", most: 8,
			cfg: bulkhead.Config{MaxConcurrent: 4, MaxQueue: 8, MaxWait: 2 * time.Millisecond},
			others: []bulkhead.Config{
				{MaxConcurrent: 1, MaxQueue: 20, MaxWait: time.Millisecond},
				{MaxConcurrent: 8, MaxQueue: 1, MaxWait: time.Second},
				{MaxConcurrent: 2},
			},
		},
	}
	const goroutines, calls = 32, 100
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBulkhead(t, tt.cfg)
				var y tally
				var wg sync.WaitGroup
				for range goroutines {
					wg.Go(func() {
						for range calls {
							y.call(b)
						}
					})
				}
				for i := range 50 * len(tt.others) {
					time.Sleep(time.Millisecond)
					update(t, b, tt.others[i%len(tt.others)])
				}
				wg.Wait()
				if most := y.most.Load(); most > tt.most {
					t.Errorf("%d calls ran at once; want at most %d", most, tt.most)
				}
				if got := y.admitted.Load() + y.refused.Load(); got != goroutines*calls || y.unknown.Load() > 0 {
					t.Errorf("%d calls ended, %d of them oddly; want %d", got, y.unknown.Load(), goroutines*calls)
				}
				if y.admitted.Load() == 0 || y.refused.Load() == 0 {
					t.Errorf("%d admitted, %d refused; want some of each", y.admitted.Load(), y.refused.Load())
				}
				wantCounts(t, b, 0, 0)
			})
		})
	}
}

// The same without virtual time and waits: only steps that race.
func TestStressPlacesConcurrentSafe(t *testing.T) {
	t.Parallel()
	const goroutines, calls, places = 8, 2000, 3
	for _, cfg := range []bulkhead.Config{{MaxConcurrent: places}, queued(places, 2)} {
		b := newBulkhead(t, cfg)
		var y tally
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				for range calls {
					p, err := b.Acquire(context.Background(), new(call()))
					if err != nil {
						y.refused.Add(1)
						continue
					}
					y.enter()
					y.admitted.Add(1)
					y.running.Add(-1)
					giveBack(p)
				}
			})
		}
		wg.Wait()
		if most := y.most.Load(); most > places {
			t.Errorf("%d calls ran at once; want at most %d", most, places)
		}
		if got := y.admitted.Load() + y.refused.Load(); got != goroutines*calls {
			t.Errorf("%d calls ended; want %d", got, goroutines*calls)
		}
		wantCounts(t, b, 0, 0)
	}
}
