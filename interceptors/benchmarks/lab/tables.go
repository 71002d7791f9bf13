package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/afloat-go/afloat/internal/lab"
)

// column is a figure of the tables of worlds.
type column struct {
	title string
	of    func(s lab.Sample) string
	// none is the same without a guard. Nil: nothing.
	none func(s lab.Sample) string
}

// writeWorld writes the table of a world: what each system loses at each rate, and more
// of one rate.
func writeWorld(out *bytes.Buffer, b book, w *lab.World) {
	rate := closerRate(w)
	fmt.Fprintf(out, "\n### %s\n\n%s\n\n", w.Name, w.About)
	columns := columnsOf(w)
	titles := []string{"guard"}
	for _, r := range w.Rates {
		titles = append(titles, fmt.Sprintf("lost at %d/s, %%", r))
	}
	for _, c := range columns {
		titles = append(titles, c.title)
	}
	line(out, titles...)
	line(out, slices.Repeat([]string{"---"}, len(titles))...)
	for _, s := range systemsIn(w) {
		cells := []string{s.Name}
		for _, r := range w.Rates {
			cells = append(cells, lostText(b.of(w.Name, s.Name, r)))
		}
		for _, c := range columns {
			cells = append(cells, c.of(b.of(w.Name, s.Name, rate)))
		}
		line(out, cells...)
	}
	cells := slices.Concat([]string{"none"}, slices.Repeat([]string{"0"}, len(w.Rates)))
	for _, c := range columns {
		cells = append(cells, c.none(b.of(w.Name, nameAfloat, rate)))
	}
	line(out, cells...)
	if len(w.Rates) > 1 {
		fmt.Fprintf(out, "\nThe columns after the lost ones are of %d calls a second.\n", rate)
	}
}

func line(out *bytes.Buffer, cells ...string) {
	fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
}

// closerRate is the one that more is told of.
func closerRate(w *lab.World) int {
	if slices.Contains(w.Rates, 400) {
		return 400
	}
	return w.Rates[len(w.Rates)-1]
}

// lostText returns how many of the possible good answers are lost, in percent of all runs.
func lostText(s lab.Sample) string {
	return tenths(lostShare(s))
}

func percentOf(part, of int) float64 {
	if of == 0 {
		return 0
	}
	return 100 * float64(part) / float64(of)
}

// tenths prints a figure, without a minus before nothing.
func tenths(x float64) string {
	if s := fmt.Sprintf("%.1f", x); s != "-0.0" {
		return s
	}
	return "0.0"
}

// total returns a share of two counts over all runs.
func total(part, of func(*lab.Result) int) func(lab.Sample) string {
	return func(s lab.Sample) string { return tenths(percentOf(s.Total(part), s.Total(of))) }
}

func calls(r *lab.Result) int { return r.Calls }

func nothing(lab.Sample) string { return "" }

// columnsOf returns the columns for a world.
func columnsOf(w *lab.World) []column {
	all := []column{
		{"worst run, lost, %", func(s lab.Sample) string { return tenths(100 - s.Lowest(kept).Worst) }, func(lab.Sample) string { return "0.0" }},
		{"in vain, % of calls", total(func(r *lab.Result) int { return r.InVain }, calls), total(func(r *lab.Result) int { return r.Bad }, calls)},
		{"spared for one lost", sparedText, nothing},
		{"slow, % of calls", total(func(r *lab.Result) int { return r.Slow }, calls), total(func(r *lab.Result) int { return r.SlowPossible }, calls)},
	}
	if strings.HasPrefix(w.Name, "outage-") || strings.HasPrefix(w.Name, "fleet-") {
		sent := total(func(r *lab.Result) int { return r.OutageSent }, func(r *lab.Result) int { return r.OutageCalls })
		all = append(all,
			column{"sent in the outage, %", sent, func(lab.Sample) string { return "100.0" }},
			column{"back after, s: median, worst", backText, func(lab.Sample) string { return "0, 0" }})
	} else {
		all = append(all, column{"changes of state, a run", transitionsText, nothing})
	}
	return all
}

// sparedText returns how many calls in vain are spared for each good answer that is lost.
func sparedText(s lab.Sample) string {
	spared := s.Total(func(r *lab.Result) int { return r.Spared() })
	switch lost := lostIn(s); {
	case lost <= 0 && spared <= 0:
		return ""
	case lost <= 0:
		return "none lost"
	default:
		return fmt.Sprintf("%.2f", float64(spared)/float64(lost))
	}
}

// backText returns when a guard was back.
func backText(s lab.Sample) string {
	b := s.Highest(timeBack)
	return number(rounded(b.Median)) + ", " + number(rounded(b.Worst))
}

// transitionsText returns how often a guard changed its state.
func transitionsText(s lab.Sample) string { return number(s.Highest(transitions).Median) }

// writeLearning writes one table of all worlds in which something is learned.
func writeLearning(out *bytes.Buffer, b book, worlds []lab.World) {
	out.WriteString(learningPreface)
	systems := systemsIn(&worlds[0])
	titles := []string{"world", "calls a second", "none"}
	for _, s := range systems {
		titles = append(titles, s.Name)
	}
	titles = append(titles, "afloat loses, %", "spared for one lost")
	line(out, titles...)
	line(out, slices.Repeat([]string{"---"}, len(titles))...)
	for _, w := range worlds {
		for _, rate := range w.Rates {
			own := b.of(w.Name, nameAfloat, rate)
			cells := []string{w.Name, strconv.Itoa(rate), eachRun(own, func(r *lab.Result) int { return r.SlowPossible })}
			for _, s := range systems {
				cells = append(cells, eachRun(b.of(w.Name, s.Name, rate), func(r *lab.Result) int { return r.Slow }))
			}
			line(out, append(cells, lostText(own), sparedText(own))...)
		}
	}
}

// eachRun returns a count for one run, on average.
func eachRun(s lab.Sample, count func(*lab.Result) int) string {
	return fmt.Sprintf("%.0f", float64(s.Total(count))/float64(len(s)))
}
