package checkout

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/story/expect"
	"github.com/afloat-go/afloat/examples/shop/orders"
)

// expectation checks the figures of a phase and says what is not as it must be.
type expectation func(f Figures) error

// only checks that every order has one of these fates.
func only(fates ...fate) expectation {
	return func(f Figures) error {
		for is, n := range f.Fates {
			if n > 0 && !slices.Contains(fates, is) {
				return fmt.Errorf("%d of %d orders are %v%s; must be none", n, f.Orders, is, because(f))
			}
		}
		return nil
	}
}

// because returns why the first order has no clear fate that has none.
func because(f Figures) string {
	if f.FirstUnclear == nil {
		return ""
	}
	return fmt.Sprintf(" (the first: %v)", f.FirstUnclear)
}

// booksRight checks that the books say of every order what its customer was told.
func booksRight(f Figures) error {
	if f.Books.wrong > 0 {
		return fmt.Errorf("the books say something else of %d orders than was said to the customer (the first: %w); must be none",
			f.Books.wrong, f.Books.firstWrong)
	}
	return nil
}

// soldOut checks that no more was sold than there was, and no less.
func soldOut(f Figures) error {
	if sold := min(int(f.Rare), f.Orders); f.Fates[paid] != sold {
		return fmt.Errorf("sold %d of %d pieces; must be %d", f.Fates[paid], f.Rare, sold)
	}
	return nil
}

// paidAtLast checks that nearly all orders of the last second are paid.
func paidAtLast(f Figures) error {
	return expect.AtLeast("paid in the last second", f.PaidAtLast, f.LastSecond, 0.99)
}

// acceptedAtOnce checks that no order waited for its answer.
func acceptedAtOnce(f Figures) error { return expect.Within("p99", f.P99, 200*time.Millisecond) }

// allWait checks that the orders of the phase are on disk.
func allWait(f Figures) error {
	return expect.AtLeast("orders on disk", f.After.sum()-f.Before.sum(), f.Orders, 1)
}

// noneWaits checks that nothing is left to be done.
func noneWaits(f Figures) error {
	if f.After.sum() > 0 {
		return fmt.Errorf("on disk: %v; must be none", f.After)
	}
	return nil
}

// noneLost checks that the restart lost no order.
func noneLost(f Figures) error {
	if f.Before.sum() == 0 || !maps.Equal(f.Before, f.Restarted) {
		return fmt.Errorf("on disk: %v before the restart, %v after it; must be the same, and some", f.Before, f.Restarted)
	}
	return nil
}

// refusedByPayments checks that at least the given share of orders found no place, all
// at payments and none at the inventory.
func refusedByPayments(share float64) expectation {
	return func(f Figures) error {
		if p, i := f.Full[orders.Payments], f.Full[orders.Inventory]; p != f.Fates[refused] || i != 0 {
			return fmt.Errorf("%d orders were refused, %d by payments and %d by inventory; must be none by inventory", f.Fates[refused], p, i)
		}
		return expect.AtLeast("refused", f.Fates[refused], f.Orders, share)
	}
}

// stockAnswered checks that every question for the stock was answered, and soon,
// whatever becomes of payments.
func stockAnswered(f Figures) error {
	if f.Stock.failed > 0 {
		return fmt.Errorf("%d of %d questions for the stock failed (the first: %w); must be none", f.Stock.failed, f.Stock.asked, f.Stock.firstError)
	}
	return expect.Within("p99 of questions for the stock", f.Stock.p99, 100*time.Millisecond)
}

// reachedAtMost checks that few calls came to the sick backend, of several that are made
// for each order.
func reachedAtMost(lasts time.Duration) expectation {
	return func(f Figures) error { return expect.ReachedAtMost(f.Reached, f.Orders, reachable(lasts), 0.5) }
}

// cutOff checks that the circuit of the sick backend is not closed.
func cutOff(f Figures) error { return expect.CutOff(f.Circuits, f.Reached) }

// othersClosed checks that the circuit of the other is.
func othersClosed(f Figures) error { return expect.OthersClosed(f.Circuits, f.Reached) }

// allClosed checks that every circuit is closed.
func allClosed(f Figures) error { return expect.OthersClosed(f.Circuits, nil) }
