package policytest

import (
	"runtime"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// memory compares what a call costs at first with what it costs after many.
func memory(tb testing.TB, s suite) {
	tb.Helper()
	c := newCaller(tb, s.newPolicy(tb))
	ctx := tb.Context()
	call := newCall(ctx, 0)
	refused := 0
	run := func() {
		a := policy.Begin()
		defer a.End()
		a.Call = call
		if _, err := c.chain.Admit(ctx, a); err != nil {
			refused++
		}
		a.Settle(nil)
		time.Sleep(rest) // lest a rate limit refuses the next
	}
	const measured, calls, bytesPerCall = 100, 10_000, 32
	allocsBefore, inUseBefore := testing.AllocsPerRun(measured, run), inUse()
	for range calls {
		run()
	}
	inUseAfter, allocsAfter := inUse(), testing.AllocsPerRun(measured, run)
	if refused > 0 {
		tb.Errorf("%d of %d calls are refused, each %v after the one before", refused, calls, rest)
	}
	if allocsAfter > allocsBefore {
		tb.Errorf("a call allocates %v times at first, %v times after %d calls", allocsBefore, allocsAfter, calls)
	}
	if inUseAfter > inUseBefore+calls*bytesPerCall {
		tb.Errorf("%d calls leave %d bytes in use", calls, inUseAfter-inUseBefore)
	}
}

// inUse returns how much memory is in use after a garbage collection.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
