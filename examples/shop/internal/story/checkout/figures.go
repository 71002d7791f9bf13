package checkout

import (
	"cmp"
	"fmt"
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/internal/load"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// Figures are what one phase came to.
type Figures struct {
	// Orders is how many were placed, Fates what became of how many of them.
	Orders int
	Fates  map[fate]int
	// FirstUnclear is why the first order has no clear fate that has none.
	FirstUnclear error
	// Marked counts what orders that wait say of their payment, as in "missing
	// (circuit_open)".
	Marked map[string]int
	// LastSecond is how many orders were placed in the phase's last second, PaidAtLast
	// how many of those are paid.
	LastSecond, PaidAtLast int
	// P50 and P99 are latencies of the orders that are paid or wait.
	P50, P99 time.Duration
	// Late is by how much the client was late at worst, or the disk slow.
	Late time.Duration
	// Books are what the books say of the phase's orders.
	Books audit
	// Rare is how many pieces of the rare product there were before the phase.
	Rare int64
	// Before and After are what the service keeps on disk when the phase begins and when
	// it has ended, Restarted when it has been started anew. Nil: it was not.
	Before, After, Restarted onDisk
	// Stock is what became of the questions for the stock that were asked meanwhile. Nil:
	// none were.
	Stock *stockFigures
	// Full is how many calls found the compartment of a service full.
	Full map[string]int
	// Reached is how many calls came to each backend that the phase makes sick.
	Reached map[string]int
	// Circuits are the breakers at the end of the phase.
	Circuits []guards.Circuit
}

// stockFigures are what became of questions for the stock.
type stockFigures struct {
	asked, failed int
	firstError    error
	p99           time.Duration
}

// count counts what came of one order, in the phase's last second or before, and returns
// its fate. If it waits, it may say that for one of the given reasons.
func (f *Figures) count(r load.Result[answer], last bool, why []degrade.Reason) fate {
	is, err := fateOf(r.Answer, r.Err, why)
	f.Orders++
	f.Fates[is]++
	f.FirstUnclear = cmp.Or(f.FirstUnclear, err)
	for m := range r.Answer.report.Markers() {
		f.Marked[fmt.Sprintf("%v (%v)", m.State, m.Reason)]++
	}
	if last {
		f.LastSecond++
	}
	if last && is == paid {
		f.PaidAtLast++
	}
	f.Late = max(f.Late, r.Late)
	return is
}

// countStock counts the results of questions for the stock, if any were asked.
func (f *Figures) countStock(results []load.Result[int64]) {
	if len(results) == 0 {
		return
	}
	f.Stock = &stockFigures{asked: len(results), p99: load.Percentile(load.Latencies(results), 0.99)}
	for _, r := range results {
		if r.Err != nil {
			f.Stock.failed++
			f.Stock.firstError = cmp.Or(f.Stock.firstError, r.Err)
		}
	}
}
