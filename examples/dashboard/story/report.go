package story

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
)

// header says what is about to happen and is the head of the table.
func header(phases []phase, cfg Config) string {
	var lasts time.Duration
	for _, p := range phases {
		lasts += p.lasts
	}
	guard := "on"
	if !cfg.System.Guarded {
		guard = "off"
	}
	return fmt.Sprintf("%d pages a second for %v; the guard is %s\n\n%-24s %9s %8s %8s %7s %9s %9s\n",
		cfg.Rate, lasts, guard, "phase", "requests", "in full", "partial", "failed", "p50", "p99")
}

// row is a phase in the table, with what there is to say about it beneath.
func row(name string, f Figures, again bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-24s %9d %8d %8d %7d %9s %9s\n",
		name, f.Requests, f.Full, f.Partial(), f.Failed, millis(f.P50), millis(f.P99))
	for _, part := range dashboard.Parts() {
		if n := f.Without(part); n > 0 {
			fmt.Fprintf(&b, "    markers   %s on %d pages: %s\n", pathAtEdge(part), n, reasons(f.Marked[part]))
		}
	}
	if f.Sick != "" {
		fmt.Fprintf(&b, "    reached   %s was called %d times, of %d requests\n", f.Sick, f.Reached, f.Requests)
	}
	fmt.Fprintf(&b, "    circuits  %s\n", circuits(f.Circuits))
	if again {
		fmt.Fprintf(&b, "    again     this machine was busy and held the client up for %s\n", millis(f.Late))
	}
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

// circuits lists the states of breakers.
func circuits(all []dashboard.Circuit) string {
	if len(all) == 0 {
		return "none: the guard is off"
	}
	var states []string
	for _, c := range all {
		states = append(states, fmt.Sprintf("%s %v", c.Part, c.State))
	}
	return strings.Join(states, ", ")
}

// millis writes d as in "4.2 ms".
func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
