package checkout

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/afloat-go/afloat/examples/shop/system"
)

// account is what the books say of one order.
type account struct {
	charged, givenBack int // how often
	cents              int64
	kept               bool
}

// books are what the ledger and the store room say of the orders of this run, by id.
type books map[string]account

// readBooks reads those of the orders whose ids begin with run.
func readBooks(sys *system.System, run string) (books, error) {
	entries, err := sys.Account().Entries()
	if err != nil {
		return nil, err
	}
	reservations, err := sys.Room().Reservations()
	if err != nil {
		return nil, err
	}
	b := books{}
	for _, e := range entries {
		a := b[e.GetOrderId()]
		if a.cents += e.GetCents(); e.GetCents() > 0 {
			a.charged++
		} else {
			a.givenBack++
		}
		b[e.GetOrderId()] = a
	}
	for _, r := range reservations {
		a := b[r.GetOrderId()]
		a.kept = !r.GetReleased()
		b[r.GetOrderId()] = a
	}
	for id := range b {
		if !strings.HasPrefix(id, run) {
			delete(b, id)
		}
	}
	return b, nil
}

// audit is what the books say of orders.
type audit struct {
	// charged, givenBack and kept are how many orders they say that of.
	charged, givenBack, kept int
	// wrong is of how many they say something else than what the customer was told,
	// firstWrong of which and what.
	wrong      int
	firstWrong error
}

// of holds orders against the books.
func (b books) of(placed []*order) audit {
	var sum audit
	for _, o := range placed {
		a := b[o.id]
		if a.charged > 0 {
			sum.charged++
		}
		if a.givenBack > 0 {
			sum.givenBack++
		}
		if a.kept {
			sum.kept++
		}
		if !a.is(o) {
			sum.wrong++
			sum.firstWrong = cmp.Or(sum.firstWrong, fmt.Errorf("%s was charged %d times and given back %d times; a piece is kept: %v",
				o.id, a.charged, a.givenBack, a.kept))
		}
	}
	return sum
}

// is reports whether the books say what the customer was told. An order that waits may
// have been charged for meanwhile; one whose fate is unclear has come to one end.
func (a account) is(o *order) bool {
	none := a == account{}
	bought := a == account{charged: 1, cents: o.cents, kept: true}
	undone := a == account{charged: 1, givenBack: 1}
	switch o.fate {
	case paid:
		return bought
	case waiting:
		return none || a.charged == 1 && a.cents == o.cents
	case givenBack:
		return undone
	case refused:
		return none
	case unclear:
		return none || bought || undone
	default:
		return false
	}
}

// pieces returns how many pieces are on the shelves.
func pieces(sys *system.System) (left int64, err error) {
	products, err := sys.Data().Products()
	if err != nil {
		return 0, err
	}
	for _, p := range products {
		n, err := sys.Room().Left(p.GetId())
		if err != nil {
			return 0, err
		}
		left += n
	}
	return left, nil
}

// String returns what the books say, as in "80 charged, 0 given back, 80 pieces kept".
func (a audit) String() string {
	return fmt.Sprintf("%d charged, %d given back, %d pieces kept", a.charged, a.givenBack, a.kept)
}
