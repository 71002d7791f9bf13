package checkout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/orders"
)

// columns is how a row of the table is written.
const columns = "%-24s %9v %8v %8v %11v %8v %9s %9s\n"

// head returns what is about to happen and the head of the table.
func head(phases []phase) string {
	var lasts time.Duration
	for _, ph := range phases {
		lasts += ph.lasts
	}
	return fmt.Sprintf("\n%d orders a second for %v, %d in the rush\n\n", steady, lasts, rush) +
		fmt.Sprintf(columns, "phase", "orders", "paid", "waiting", "given back", "refused", "p50", "p99")
}

// row writes a phase in the table, with what there is to say about it beneath.
func row(name string, f Figures) string {
	var b strings.Builder
	p50, p99 := "-", "-" // where no order was taken
	if f.Fates[paid]+f.Fates[waiting] > 0 {
		p50, p99 = script.Millis(f.P50), script.Millis(f.P99)
	}
	fmt.Fprintf(&b, columns, name, f.Orders, f.Fates[paid], f.Fates[waiting], f.Fates[givenBack], f.Fates[refused], p50, p99)
	if n := f.Fates[unclear]; n > 0 {
		fmt.Fprintf(&b, "    unclear   %d orders, the first: %v\n", n, f.FirstUnclear)
	}
	if len(f.Marked) > 0 {
		fmt.Fprintf(&b, "    markers   payment_id on %d orders: %s\n", f.Fates[waiting], counts(f.Marked))
	}
	fmt.Fprintf(&b, "    books     %v\n", f.Books)
	if f.Restarted != nil {
		fmt.Fprintf(&b, "    restart   the service stopped with %v on disk, and was back with %v\n", f.Before, f.Restarted)
	}
	if f.Before.sum()+f.After.sum() > 0 {
		fmt.Fprintf(&b, "    on disk   in the beginning %v; in the end %v\n", f.Before, f.After)
	}
	if s := f.Stock; s != nil {
		fmt.Fprintf(&b, "    places    none left for %d calls to payments, %d to inventory\n", f.Full[orders.Payments], f.Full[orders.Inventory])
		fmt.Fprintf(&b, "    stock     inventory was asked %d times meanwhile: %d failed, p99 %s\n", s.asked, s.failed, script.Millis(s.p99))
	}
	for _, backend := range slices.Sorted(maps.Keys(f.Reached)) {
		fmt.Fprintf(&b, "    reached   %s was called %d times\n", backend, f.Reached[backend])
	}
	fmt.Fprintf(&b, "    circuits  %s\n", guards.Summary(f.Circuits))
	return b.String()
}

// rowOfBooks writes the last row: what customers were told in all, and what the books
// say.
func rowOfBooks(told map[fate]int, sum audit, gone int64) string {
	all := 0
	for _, n := range told {
		all += n
	}
	row := fmt.Sprintf(columns, "the books", all, told[paid], told[waiting], told[givenBack], told[refused], "", "")
	return strings.TrimRight(row, " \n") + fmt.Sprintf("\n    books     %v; %d pieces have left the shelves\n", sum, gone)
}

// counts lists counts by name, as in "missing (circuit_open) 3, missing (timeout) 1".
func counts(n map[string]int) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(n)) {
		all = append(all, fmt.Sprintf("%s %d", name, n[name]))
	}
	return strings.Join(all, ", ")
}
