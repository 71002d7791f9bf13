package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

// page is the table: what was measured beside what the project promises.
type page struct{ rows []row }

// row is one figure.
type row struct {
	measure, guard string
	goal           *goal // nil: nothing is promised
	measured       float64
	noise          float64 // the figure of what was measured twice
	format         string  // of both
	ns             float64 // NaN: there is no such thing
	allocs, bare   float64 // allocations a call, of it and of the base
}

// goal is a promise.
type goal struct {
	most   float64 // of the figure; 0: nothing is promised of it
	allocs float64 // a call
	over   bool    // than the base has
}

// legend says how to read the page.
const legend = `A figure is the median of the ratios (or differences) to the base of the same round; the
base is the row with 1.00 (or +0 ns). The noise is that figure of the base measured twice.
Gobreaker is the base with its semaphore's refusals left out of its counts (IsExcluded);
with them counted it is a row. A caller has a deadline unless the row says otherwise.

`

// figure says what is told of a sample beside its base.
type figure struct {
	format string
	of     func(s, base *measure.Sample) float64
}

func ratio() figure    { return figure{"%.2f", (*measure.Sample).Of} }
func cpuRatio() figure { return figure{"%.3f", (*measure.Sample).CPUOf} }
func more() figure     { return figure{"%+.0f ns", (*measure.Sample).More} }

// system is something that is measured.
type system struct {
	name   string
	sample *measure.Sample
	goal   *goal
}

// compare measures systems in turns and adds their figures. The first is the base, the
// second is the base again and shows the noise.
func (p *page) compare(e effort, title string, f figure, systems []system) {
	var samples []*measure.Sample
	for _, s := range systems {
		samples = append(samples, s.sample)
	}
	e.measure(samples...)
	base, again := samples[0], samples[1]
	for i, s := range systems {
		if i == 1 {
			continue
		}
		p.rows = append(p.rows, row{
			measure: title, guard: s.name, goal: s.goal,
			measured: f.of(s.sample, base), noise: f.of(again, base), format: f.format,
			ns: s.sample.Wall(), allocs: s.sample.Allocs(), bare: base.Allocs(),
		})
	}
}

// print prints the page, and how many promises are not kept.
func (p *page) print(out io.Writer) error {
	fmt.Fprint(out, legend)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "measure\tguard\tto reach\tmeasured\tnoise\tns\tallocations\t")
	promised, missed := 0, 0
	for _, r := range p.rows {
		if r.goal != nil {
			promised++
		}
		verdict := r.verdict()
		if verdict == "missed" {
			missed++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			r.measure, r.guard, r.toReach(), figureText(r.format, r.measured), figureText(r.format, r.noise),
			figureText("%.0f", r.ns), figureText("%.2f", r.allocs), verdict)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d promises, %d missed\n", promised, missed)
	return err
}

// figureText returns nothing for what there is not.
func figureText(format string, v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf(format, v)
}

// toReach returns what is promised.
func (r row) toReach() string {
	if r.goal == nil {
		return ""
	}
	var text string
	if r.goal.most != 0 {
		text = "≤ " + fmt.Sprintf(r.format, r.goal.most)
	}
	if math.IsNaN(r.allocs) {
		return text
	}
	if text != "" {
		text += ", "
	}
	if r.goal.over {
		return text + fmt.Sprintf("%.3g allocations more", r.goal.allocs)
	}
	return text + fmt.Sprintf("%.3g allocations", r.goal.allocs)
}

// verdict returns whether the promise is kept, and nothing where there is none. A tenth
// of an allocation is the background's.
func (r row) verdict() string {
	if r.goal == nil {
		return ""
	}
	allocs := r.allocs
	if r.goal.over {
		allocs -= r.bare
	}
	if r.goal.most != 0 && r.measured > r.goal.most || allocs > r.goal.allocs+0.1 {
		return "missed"
	}
	return "kept"
}
