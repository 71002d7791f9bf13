package crowd

import (
	"cmp"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/internal/load"
	"github.com/afloat-go/afloat/interceptors/overload"
)

// Figures are what one phase came to.
type Figures struct {
	// Orders, Shown and Ahead are what became of orders, of what windows show and of what
	// they fetch ahead, in the whole phase.
	Orders, Shown, Ahead tally
	// Settled is the time from when the phase has settled to its end, ShownThen and AheadThen
	// what became of what came in it, and OrdersThen of its orders.
	Settled                          time.Duration
	OrdersThen, ShownThen, AheadThen tally
	// P99 is a latency of orders that are paid.
	P99 time.Duration
	// FirstUnpaid is why the first order is not paid that is not.
	FirstUnpaid error
	// Control is what the overload control has found out when the last calls come. Nil:
	// there is none.
	Control *overload.Snapshot
	// Late is by how much the client was late at worst, or the disk slow.
	Late time.Duration
}

// tally is what became of calls.
type tally struct{ came, answered, refused int }

// late returns how many had no answer while somebody waited for one.
func (t tally) late() int { return t.came - t.answered - t.refused }

// count counts a call by its end.
func (t *tally) count(err error) {
	t.came++
	switch status.Code(err) {
	case codes.OK:
		t.answered++
	case codes.ResourceExhausted:
		t.refused++
	default: // late
	}
}

// countInto counts all results in all, and those that came after the phase had settled in
// then. It returns by how much the client was late at worst.
func countInto[A any](all, then *tally, results []load.Result[A]) (late time.Duration) {
	for _, r := range results {
		all.count(r.Err)
		if r.Due >= settling {
			then.count(r.Err)
		}
		late = max(late, r.Late)
	}
	return late
}

// figuresOf returns those of a phase that lasts so long.
func figuresOf(lasts time.Duration, placed []load.Result[string], seen, fetched []load.Result[int64]) Figures {
	f := Figures{Settled: lasts - settling, P99: load.Percentile(load.Latencies(placed), 0.99)}
	f.Late = max(
		countInto(&f.Orders, &f.OrdersThen, placed),
		countInto(&f.Shown, &f.ShownThen, seen),
		countInto(&f.Ahead, &f.AheadThen, fetched),
	)
	for _, r := range placed {
		f.FirstUnpaid = cmp.Or(f.FirstUnpaid, r.Err)
	}
	return f
}
