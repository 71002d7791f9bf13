package pages

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/page"
)

// head returns what is about to happen and the head of the table.
func head(phases []phase, p *player) string {
	var lasts time.Duration
	for _, ph := range phases {
		lasts += ph.lasts
	}
	guard := "on"
	if p.system.Guard() == nil {
		guard = "off"
	}
	return fmt.Sprintf("%d pages a second for %v; the guard is %s\n\n%-24s %9s %8s %8s %7s %9s %9s\n",
		p.rate, lasts, guard, "phase", "requests", "in full", "partial", "failed", "p50", "p99")
}

// row writes a phase in the table, with what there is to say about it beneath.
func row(name string, f Figures) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-24s %9d %8d %8d %7d %9s %9s\n",
		name, f.Requests, f.Full, f.Partial(), f.Failed, script.Millis(f.P50), script.Millis(f.P99))
	for _, part := range page.Parts() {
		if n := f.Without(part); n > 0 {
			fmt.Fprintf(&b, "    markers   %s on %d pages: %s\n", pathAtEdge(part), n, reasons(f.Marked[part]))
		}
	}
	for _, backend := range slices.Sorted(maps.Keys(f.Reached)) {
		fmt.Fprintf(&b, "    reached   %s was called %d times, of %d requests\n", backend, f.Reached[backend], f.Requests)
	}
	if c := f.Change; c != nil && c.Refused != nil {
		fmt.Fprintf(&b, "    rules     %s\n", strings.TrimPrefix(c.Refused.Error(), "system: rules "))
		fmt.Fprintf(&b, "    rules     applied without the slip: the circuit was %v before, and %v after\n", c.Was, c.Is)
	}
	fmt.Fprintf(&b, "    circuits  %s\n", guards.Summary(f.Circuits))
	return b.String()
}

// reasons lists what markers say of a part, as in "missing (timeout) 3".
func reasons(counts map[string]int) string {
	var all []string
	for _, said := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s %d", said, counts[said]))
	}
	return strings.Join(all, ", ")
}
