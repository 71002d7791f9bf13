package bulkhead_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
)

func shadow(cfg bulkhead.Config) bulkhead.Config {
	cfg.Shadow = true
	return cfg
}

// In shadow every call gets in at once, and those are counted that would have met
// neither a place nor a seat.
func TestShadowRefusesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, shadow(queued(2, 1)))
		var held []policy.Permit
		for i, rejected := range []uint64{0, 0, 0, 1, 2} {
			asked := new(call())
			p, err := b.Acquire(t.Context(), asked)
			if noted := asked.Notes == policy.NoteShadowed; err != nil || noted != (rejected > 0) {
				t.Errorf("call %d: %v, and has the notes %b", i+1, err, asked.Notes)
			}
			held = append(held, p)
			if s := b.Snapshot(); s.InFlight != i+1 || s.Waiting != 0 || s.Rejected != rejected {
				t.Errorf("after %d calls %+v; want all of them in flight, %d rejected", i+1, s, rejected)
			}
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		p, err := b.Acquire(gone, new(call()))
		if err != nil {
			t.Errorf("a call that was cancelled: %v; want it admitted", err)
		}
		for _, p := range append(held, p) {
			giveBack(p)
		}
		wantCounts(t, b, 0, 0)
	})
}

// Shadow lets go of those who wait; without it, those in flight run on beyond the
// limit, as after shrinking.
func TestShadowIsSwitchedUnderLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, queued(1, 5))
		held := []policy.Permit{take(t, b)}
		first, second := ask(t.Context(), b), ask(t.Context(), b)
		wantWaiting(t, first, second)
		update(t, b, shadow(queued(1, 5)))
		synctest.Wait()
		held = append(held, wantAdmitted(t, first, 0), wantAdmitted(t, second, 0))
		wantCounts(t, b, 3, 0)
		update(t, b, queued(1, 5))
		third := ask(t.Context(), b)
		for _, p := range held[:2] {
			giveBack(p)
			synctest.Wait()
			wantWaiting(t, third)
		}
		giveBack(held[2])
		synctest.Wait()
		giveBack(wantAdmitted(t, third, 0))
		wantCounts(t, b, 0, 0)
	})
}

func TestRejectedCountsRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 1})
		take(t, b)
		for range 3 {
			_, err := b.Acquire(t.Context(), new(call()))
			wantError(t, err, bulkhead.ErrFull)
		}
		if got := b.Snapshot().Rejected; got != 3 {
			t.Errorf("%d rejected; want 3", got)
		}
	})
}
