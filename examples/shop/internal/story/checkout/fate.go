package checkout

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// fate is what becomes of an order, as its customer hears of it.
type fate int

const (
	// unclear: the customer does not know, which must not happen.
	unclear fate = iota
	// paid: it is charged for and reserved.
	paid
	// waiting: it was accepted, and is charged for later.
	waiting
	// givenBack: it is not to be had, and its charge is given back.
	givenBack
	// refused: there was no place for it, and nothing has been done.
	refused
)

// String returns the fate as in "given back".
func (f fate) String() string {
	return [...]string{"unclear", "paid", "waiting", "given back", "refused"}[f]
}

// answer is what comes back for an order.
type answer struct {
	payment string
	report  degrade.Report
}

// fateOf tells what becomes of an order. An error says why that is unclear. An order
// that waits says that its payment is missing, for one of the given reasons, and no
// more.
func fateOf(a answer, err error, why []degrade.Reason) (fate, error) {
	switch status.Code(err) {
	case codes.OK:
	case codes.FailedPrecondition, codes.Aborted:
		return givenBack, nil
	case codes.ResourceExhausted:
		return refused, nil
	default:
		return unclear, err
	}
	if !a.report.Known() {
		return unclear, errors.New("an order says nothing of its payment")
	}
	if a.payment != "" && a.report.Complete() {
		return paid, nil
	}
	for m := range a.report.Markers() {
		said := m.Path == "payment_id" && m.State == degrade.Missing && slices.Contains(why, m.Reason)
		if !said || a.payment != "" || a.report.Len() != 1 || m.Source != (degrade.Source{}) {
			return unclear, fmt.Errorf("an order with payment %q says that %q is %v (%v)", a.payment, m.Path, m.State, m.Reason)
		}
		return waiting, nil
	}
	return unclear, errors.New("an order without a payment says that it is complete")
}
