package crowd

import (
	"fmt"
	"strings"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// columns is how a row of the table is written.
const columns = "%-24s %7v %6v %9s %8v %9v %8v %8v %9v %8v\n"

// head returns what is about to happen and the head of the table.
func head(phases []phase) string {
	var lasts time.Duration
	crowd := 0
	for _, ph := range phases {
		lasts, crowd = lasts+ph.lasts, max(crowd, ph.crowd)
	}
	return fmt.Sprintf("\nwindows that ask for %d, then %d products a second for %v, of an inventory that answers %d\n\n",
		shown+ahead, crowd*(shown+ahead), lasts, system.Capacity) +
		fmt.Sprintf(columns, "phase", "orders", "paid", "p99", "to show", "answered", "refused", "ahead", "answered", "refused")
}

// row writes a phase in the table, with what there is to say about it beneath.
func row(name string, f Figures) string {
	var b strings.Builder
	p99 := "-" // where no order was paid
	if f.Orders.answered > 0 {
		p99 = script.Millis(f.P99)
	}
	fmt.Fprintf(&b, columns, name, f.Orders.came, f.Orders.answered, p99,
		f.Shown.came, f.Shown.answered, f.Shown.refused, f.Ahead.came, f.Ahead.answered, f.Ahead.refused)
	if o, s, a := f.Orders.late(), f.Shown.late(), f.Ahead.late(); o+s+a > 0 {
		fmt.Fprintf(&b, "    too late  %d orders, %d of what is shown, %d of what is fetched ahead\n", o, s, a)
	}
	if c := f.Control; c != nil {
		fmt.Fprintf(&b, "    control   %d places found, %d taken, %d wait; pressure %.0f %%\n",
			c.Limit, c.InFlight, c.Waiting, 100*c.Pressure)
	} else {
		fmt.Fprintf(&b, "    control   none: the guard is off\n")
	}
	return b.String()
}
