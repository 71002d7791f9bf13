package checkout

import (
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/story/expect"
	"github.com/afloat-go/afloat/examples/shop/internal/story/faults"
	"github.com/afloat-go/afloat/examples/shop/orders"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// phase is one part of the act.
type phase struct {
	name  string
	lasts time.Duration
	// rate is how many orders are placed per second.
	rate int
	// rare: all of them are for the rare product.
	rare bool
	// again: they are not new, but those whose customers do not know yet.
	again bool
	// stock: the stock is asked for meanwhile.
	stock bool
	// sick are the backends that are sick in this phase.
	sick []faults.Fault
	// restart: the service that takes orders is started anew when the phase begins.
	restart bool
	// settles: the phase lasts until nothing waits any more, though not for ever.
	settles bool
	must    []expectation
}

// How many orders are placed per second, always and in a rush.
const (
	steady = 30
	rush   = 200
)

// phasesOf returns the whole act.
func phasesOf() []phase {
	payments := func(how system.Sickness) []faults.Fault {
		return []faults.Fault{{Backend: orders.Payments, How: how}}
	}
	inventory := []faults.Fault{{Backend: orders.Inventory, How: system.Failing}}
	const short, long = 2 * time.Second, 3 * time.Second
	return []phase{
		{name: "all is well", lasts: short, rate: steady, stock: true, must: []expectation{
			only(paid), booksRight, noneWaits, stockAnswered, allClosed,
		}},
		{name: "one product sells out", lasts: time.Second, rate: steady, rare: true, must: []expectation{
			only(paid, givenBack), soldOut, booksRight, noneWaits, allClosed,
		}},
		{name: "inventory fails", lasts: short, rate: steady, sick: inventory, must: []expectation{
			only(givenBack), booksRight, cutOff, othersClosed, reachedAtMost(short),
		}},
		{name: "recovered", lasts: short, rate: steady, settles: true, must: []expectation{
			only(paid, givenBack), booksRight, paidAtLast, noneWaits, allClosed,
		}},
		{name: "a rush, payments slow", lasts: short, rate: rush, stock: true, sick: payments(system.Slow), must: []expectation{
			only(paid, refused), booksRight, noneWaits, refusedByPayments(0.5), stockAnswered, allClosed,
		}},
		{name: "payments fail", lasts: short, rate: steady, sick: payments(system.Failing), must: []expectation{
			only(waiting), booksRight, acceptedAtOnce, allWait, cutOff, othersClosed, reachedAtMost(short),
		}},
		{name: "orders restarts", lasts: time.Second, rate: steady, sick: payments(system.Failing), restart: true, must: []expectation{
			only(waiting), booksRight, acceptedAtOnce, allWait, noneLost, cutOff, othersClosed, reachedAtMost(time.Second),
		}},
		{name: "recovered", lasts: long, rate: steady, settles: true, must: []expectation{
			only(paid, waiting), booksRight, paidAtLast, noneWaits, allClosed,
		}},
		{name: "those who wait ask again", rate: 2 * steady, again: true, must: []expectation{
			only(paid), booksRight, noneWaits, allClosed,
		}},
	}
}

// why returns what orders may say that they wait for.
func (p phase) why() []degrade.Reason {
	if len(p.sick) == 0 {
		return faults.Fault{}.Reasons() // for a while after a phase in which something was
	}
	return p.sick[0].Reasons()
}

// reachable returns how many calls may reach a sick backend in that time: those until it
// is noticed, and then a probe each time its circuit has been open, with a few to spare.
func reachable(lasts time.Duration) int {
	const inARow, spare = 10, 6
	probes := 5 * lasts.Seconds() / orders.OpenFor.Seconds() // a fifth of it apart at least
	return inARow + int(probes) + spare
}

// check returns what is not as it must be in this phase.
func (p phase) check(f Figures) []error { return expect.Unmet(f, p.must) }
