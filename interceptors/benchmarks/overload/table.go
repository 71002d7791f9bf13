//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// table is what was measured, by round.
type table struct {
	order []cell // in which they were added
	cells map[cell][]figures
	steps map[string][]*result // by bottleneck
	rooms map[cell][]*result
}

// cell is what is measured together.
type cell struct {
	bottleneck, guard string
	load              float64
}

// figures are those of one run.
type figures struct {
	goodput  float64 // of the ceiling
	critical float64 // of the critical calls, answered in time
	refused  float64 // of all
}

// newTable returns an empty table.
func newTable() *table {
	return &table{cells: map[cell][]figures{}, steps: map[string][]*result{}, rooms: map[cell][]*result{}}
}

// add adds a run.
func (t *table) add(c cell, r *result, b *base, load float64) {
	if len(t.cells[c]) == 0 {
		t.order = append(t.order, c)
	}
	t.cells[c] = append(t.cells[c], figures{
		goodput:  float64(r.Good) / r.Elapsed.Seconds() / b.ceiling(load),
		critical: share(r.CriticalGood, r.CriticalCame),
		refused:  share(r.Refused, r.Came),
	})
}

// step adds a run in which the load stepped up.
func (t *table) step(bottleneck string, r *result) {
	t.steps[bottleneck] = append(t.steps[bottleneck], r)
}

// calm adds a run in which there was room.
func (t *table) calm(bottleneck, guard string, r *result) {
	c := cell{bottleneck: bottleneck, guard: guard}
	t.rooms[c] = append(t.rooms[c], r)
}

// median returns that of a figure over the rounds.
func (t *table) median(c cell, of func(figures) float64) float64 {
	var all []float64
	for _, f := range t.cells[c] {
		all = append(all, of(f))
	}
	slices.Sort(all)
	if len(all) == 0 {
		return 0
	}
	return (all[len(all)/2] + all[(len(all)-1)/2]) / 2
}

// worst returns the least share of the critical calls of any round.
func (t *table) worst(c cell) float64 {
	least := 1.0
	for _, f := range t.cells[c] {
		least = min(least, f.critical)
	}
	return least
}

func goodput(f figures) float64 { return f.goodput }

// print prints the table, and then the promises and whether they are kept.
func (t *table) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "bottleneck\tload\tguard\tof the ceiling\tcritical, median\tworst\trefused")
	for _, c := range t.order {
		fmt.Fprintf(w, "%s\t%.1f\t%s\t%.2f\t%.3f\t%.3f\t%.2f\n", c.bottleneck, c.load, c.guard, t.median(c, goodput),
			t.median(c, func(f figures) float64 { return f.critical }), t.worst(c),
			t.median(c, func(f figures) float64 { return f.refused }))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	missed := 0
	promises := t.promises()
	fmt.Fprintln(out)
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range promises {
		missed += one(!p.kept)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.what, p.want, p.got, map[bool]string{true: "kept", false: "missed"}[p.kept])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d promises, %d missed\n", len(promises), missed)
	return err
}

// promise is what the project says of itself, and whether it is so.
type promise struct {
	what, want, got string
	kept            bool
}

// atLeast returns a promise of a figure.
func atLeast(what string, least, got float64) promise {
	return promise{what, fmt.Sprintf("≥ %.3f", least), fmt.Sprintf("%.3f", got), got >= least}
}

// promises returns all that were measured.
func (t *table) promises() []promise {
	var all []promise
	for _, c := range t.order {
		if c.guard != afloat || c.load < 2 {
			continue
		}
		name := fmt.Sprintf("%s, %.1f times", c.bottleneck, c.load)
		least := 0.95
		if c.load >= 4 {
			least = 0.92
			all = append(all, atLeast(name+": critical calls answered, worst run", 0.994, t.worst(c)))
		}
		own := t.median(c, goodput)
		all = append(all, atLeast(name+": goodput, of the ceiling", least, own))
		if c.load == 2 {
			all = append(all, t.beside(c, name, own)...)
		}
	}
	return append(append(all, t.stepPromises()...), t.calmPromises()...)
}

// beside returns the promises that compare with the others.
func (t *table) beside(c cell, name string, own float64) []promise {
	fixed := t.median(cell{c.bottleneck, static, c.load}, goodput)
	best := 0.0
	for _, guard := range []string{failsafe, goZero, aegis} {
		best = max(best, t.median(cell{c.bottleneck, guard, c.load}, goodput))
	}
	var all []promise
	if fixed > 0 {
		all = append(all, atLeast(name+": goodput, of the best fixed number's", 0.97, own/fixed))
	}
	if best > 0 {
		all = append(all, atLeast(name+": goodput, of the best peer's", 0.97, own/best))
	}
	return all
}

// stepPromises returns those of a load that steps up.
func (t *table) stepPromises() []promise {
	var all []promise
	for _, name := range names() {
		for _, r := range t.steps[name] {
			all = append(all, promise{
				name + ", from 0.8 to 1.4 times: p99 from a second on", "< " + (2 * r.Before).Round(time.Millisecond/10).String(),
				r.After.Round(time.Millisecond / 10).String(), r.After < 2*r.Before,
			})
		}
	}
	return all
}

// calmPromises returns those of a load that can be answered, and what failsafe-go refuses
// of the same.
func (t *table) calmPromises() []promise {
	var all []promise
	for _, name := range names() {
		came, refused := t.calmOf(name, afloat)
		if came == 0 {
			continue
		}
		beside, besideRefused := t.calmOf(name, failsafe)
		all = append(all, promise{
			name + ", 0.7 times and bursts of 50: refused", "≤ 1 in 100,000",
			fmt.Sprintf("%d of %d (failsafe-go: %d of %d)", refused, came, besideRefused, beside), refused*100_000 <= came,
		})
	}
	return all
}

// calmOf returns how many calls came while there was room, and how many were refused.
func (t *table) calmOf(bottleneck, guard string) (came, refused int) {
	for _, r := range t.rooms[cell{bottleneck: bottleneck, guard: guard}] {
		came, refused = came+r.Came, refused+r.Refused
	}
	return came, refused
}

func share(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}
