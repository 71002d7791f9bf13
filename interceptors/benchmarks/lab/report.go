package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/afloat-go/afloat/interceptors/internal/lab"
)

// The files of the report, in the folder of the docs.
const (
	page   = "scenarios.md"
	charts = "scenarios"
)

// report makes the report, and writes it or compares it with what is there. It is an error
// if a promise is missed.
func report(ctx context.Context, docs string, update bool) error {
	b, err := takeAll(ctx, plan(), os.Stderr)
	if err != nil {
		return err
	}
	files, err := render(b)
	if err != nil {
		return err
	}
	err = compare(docs, files)
	if update {
		err = write(docs, files)
	}
	if missed := printChecks(os.Stdout, checks(b), true); missed > 0 {
		err = errors.Join(err, fmt.Errorf("%d promises missed", missed))
	}
	return err
}

// file is one of the report.
type file struct {
	name string // in the folder of the docs
	text []byte
}

// render makes the files of the report.
func render(b book) ([]file, error) {
	files, err := drawCharts(b)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString(preface)
	writePromises(&out, checks(b))
	for _, f := range lab.Families() {
		fmt.Fprintf(&out, "\n## %s\n", f.Title)
		if len(f.Worlds) > 0 && isLearning(&f.Worlds[0]) {
			writeLearning(&out, b, f.Worlds)
			continue
		}
		for i := range f.Worlds {
			writeWorld(&out, b, &f.Worlds[i])
		}
	}
	return append(files, file{page, out.Bytes()}), nil
}

// write writes the files.
func write(docs string, files []file) error {
	var errs []error
	for _, f := range files {
		name := filepath.Join(docs, f.name)
		errs = append(errs, os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, f.text, 0o644)) //nolint:gosec // pages for everybody
	}
	return errors.Join(errs...)
}

// compare tells which files are not as they should be.
func compare(docs string, files []file) error {
	var errs []error
	for _, f := range files {
		name := filepath.Join(docs, f.name)
		is, err := os.ReadFile(name) //nolint:gosec // a file of the docs
		if err == nil && !bytes.Equal(is, f.text) {
			err = fmt.Errorf("%s: line %d is not what the laboratory says now; write it anew with make lab-update", name, firstOther(is, f.text))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// firstOther returns the number of the first line that differs.
func firstOther(a, b []byte) int {
	as, bs := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(as), len(bs)) {
		if !bytes.Equal(as[i], bs[i]) {
			return i + 1
		}
	}
	return min(len(as), len(bs)) + 1
}

// writePromises writes what is promised, the worst place of each.
func writePromises(out *bytes.Buffer, all []check) {
	out.WriteString("\n## What is promised\n\nOf afloat's breaker without any setting. *Tightest* is where least is left.\n\n")
	out.WriteString("| promise | figure | wanted | tightest | where | places | |\n|---|---|---|---|---|---|---|\n")
	for i := 0; i < len(all); {
		n := i
		var same []check
		for n < len(all) && all[n].promise == all[i].promise {
			n++
		}
		for k := range all[i].promise.limits {
			same = same[:0]
			for _, c := range all[i:n] {
				if c.limit == &all[i].promise.limits[k] {
					same = append(same, c)
				}
			}
			writePromise(out, same)
		}
		i = n
	}
}

// writePromise writes one limit, at several places.
func writePromise(out *bytes.Buffer, same []check) {
	tightest := slices.MinFunc(same, func(a, b check) int {
		switch x, y := a.margin(), b.margin(); {
		case x < y:
			return -1
		case x > y:
			return 1
		default:
			return 0
		}
	})
	missed := 0
	for i := range same {
		if !same[i].kept() {
			missed++
		}
	}
	verdict := "kept"
	if missed > 0 {
		verdict = fmt.Sprintf("**missed** at %d", missed)
	}
	fmt.Fprintf(out, "| %s | %s | %s | %s | %s, %d/s | %d | %s |\n",
		tightest.promise.what, tightest.limit.figure, tightest.wanted(), number(tightest.measured), tightest.world, tightest.rate, len(same), verdict)
}

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
	return tenths(percentOf(lostIn(s), s.Total(func(r *lab.Result) int { return r.Possible })))
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
	line(out, append(titles, "afloat loses, %")...)
	line(out, slices.Repeat([]string{"---"}, len(titles)+1)...)
	for _, w := range worlds {
		for _, rate := range w.Rates {
			own := b.of(w.Name, nameAfloat, rate)
			cells := []string{w.Name, fmt.Sprint(rate), eachRun(own, func(r *lab.Result) int { return r.SlowPossible })}
			for _, s := range systems {
				cells = append(cells, eachRun(b.of(w.Name, s.Name, rate), func(r *lab.Result) int { return r.Slow }))
			}
			line(out, append(cells, lostText(own))...)
		}
	}
}

// eachRun returns a count for one run, on average.
func eachRun(s lab.Sample, count func(*lab.Result) int) string {
	return fmt.Sprintf("%.0f", float64(s.Total(count))/float64(len(s)))
}
