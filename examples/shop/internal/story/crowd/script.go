package crowd

import (
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/story/expect"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// phase is one part of the act.
type phase struct {
	name  string
	lasts time.Duration
	// crowd is how many times as many as usual stand before the windows.
	crowd int
	must  []expectation
}

// How much is asked for per second: orders always, and by the usual crowd what windows
// show and what they fetch ahead. That is about 0.7 of what the inventory can answer.
const (
	ordered = 30
	shown   = 100
	ahead   = 50
)

// settling is how long a phase may take until what it must show is seen: the overload
// control takes about a second to find out what changed.
const settling = time.Second

// phasesOf returns the whole act.
func phasesOf() []phase {
	return []phase{
		{name: "the usual crowd", lasts: 2 * time.Second, crowd: 1, must: []expectation{
			ordersPaid, ordersInTime, allAnswered,
		}},
		{name: "four times as many", lasts: 4 * time.Second, crowd: 4, must: []expectation{
			ordersPaid, ordersInTime, aheadRefused, restShown, busy,
		}},
		{name: "the crowd recedes", lasts: 3 * time.Second, crowd: 1, must: []expectation{
			ordersPaid, ordersInTime, allAnswered,
		}},
	}
}

// check returns what is not as it must be in this phase.
func (p phase) check(f Figures) []error { return expect.Unmet(f, p.must) }

// capacity returns how many calls the inventory can answer in a time.
func capacity(in time.Duration) int { return int(system.Capacity * in.Seconds()) }
