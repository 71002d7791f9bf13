package crowd

import (
	"fmt"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/story/expect"
)

// expectation checks the figures of a phase and says what is not as it must be.
type expectation func(f Figures) error

// ordersPaid checks that every order is paid.
func ordersPaid(f Figures) error {
	if f.Orders.answered < f.Orders.came {
		return fmt.Errorf("orders paid = %d of %d (the first that is not: %w); must be all",
			f.Orders.answered, f.Orders.came, f.FirstUnpaid)
	}
	return expect.AtLeast("orders paid", f.Orders.answered, f.Orders.came, 1)
}

// ordersInTime checks that orders do not wait for the crowd.
func ordersInTime(f Figures) error {
	return expect.Within("p99 of orders", f.P99, 500*time.Millisecond)
}

// allAnswered checks that windows are refused nothing, and nothing is late, once the phase
// has settled.
func allAnswered(f Figures) error {
	if err := expect.AtLeast("shown", f.ShownThen.answered, f.ShownThen.came, 1); err != nil {
		return err
	}
	return expect.AtLeast("fetched ahead", f.AheadThen.answered, f.AheadThen.came, 1)
}

// aheadRefused checks that windows fetch nearly nothing ahead, and hear of it.
func aheadRefused(f Figures) error {
	return expect.AtLeast("of what is fetched ahead refused", f.AheadThen.refused, f.AheadThen.came, 0.95)
}

// restShown checks that windows show something, and that those which cannot hear of it:
// hardly any waits in vain.
func restShown(f Figures) error {
	if err := expect.AtLeast("shown", f.ShownThen.answered, f.ShownThen.came, 0.25); err != nil {
		return err
	}
	return expect.AtLeast("of what is shown answered or refused", f.ShownThen.came-f.ShownThen.late(), f.ShownThen.came, 0.98)
}

// busy checks that refusing costs no answers: the inventory answers as many calls as it
// can, or nearly.
func busy(f Figures) error {
	answered := f.OrdersThen.answered + f.ShownThen.answered + f.AheadThen.answered
	return expect.AtLeast("calls answered of those that the inventory can answer", answered, capacity(f.Settled), 0.85)
}
