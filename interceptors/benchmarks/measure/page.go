package measure

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"
)

// Page is a table: what was measured beside what the project promises. The zero Page is
// empty.
type Page struct {
	// Legend says how to read it.
	Legend string

	rows []Row
}

// Goal is a promise.
type Goal struct {
	// Most is how large the figure may be. 0: nothing is promised of it.
	Most float64
	// Allocs is how many allocations a call may have, none of [AnyAllocs].
	Allocs float64
	// Over: so many more than the base has.
	Over bool
}

// AnyAllocs promises nothing of allocations.
const AnyAllocs = -1

// Figure is what is told of a sample beside its base.
type Figure struct {
	Format string // of a float64
	Of     func(s, base *Sample) float64
}

// Ratio returns the figure of what a call takes as a share of what one of the base takes.
func Ratio() Figure { return Figure{"%.2f", (*Sample).Of} }

// CPURatio returns the same of the CPU time of the whole process.
func CPURatio() Figure { return Figure{"%.3f", (*Sample).CPUOf} }

// More returns the figure of how much longer a call takes than one of the base.
func More() Figure { return Figure{"%+.0f ns", (*Sample).More} }

// Each returns the figure of what a call takes by itself, in units with that name.
func Each(unit time.Duration, name string) Figure {
	return Figure{"%.3g " + name, func(s, _ *Sample) float64 { return s.Wall() / float64(unit) }}
}

// System is something that is measured.
type System struct {
	Name   string
	Sample *Sample
	Goal   *Goal // nil: nothing is promised
}

// Row is one figure of a page.
type Row struct {
	// Measure is what was measured, and System of what.
	Measure, System string
	// Goal is nil where nothing is promised.
	Goal *Goal
	// Measured is the figure, and Noise that of what was measured twice.
	Measured, Noise float64
	// Format is that of both.
	Format string
	// NS is how long a call takes. NaN: there is no such thing.
	NS float64
	// Allocs are the allocations a call, and Bare those of the base. NaN: as above.
	Allocs, Bare float64
}

// Add adds a figure that was measured otherwise.
func (p *Page) Add(r Row) { p.rows = append(p.rows, r) }

// Rows returns all figures, in order.
func (p *Page) Rows() []Row { return p.rows }

// Compare measures systems in turns and adds their figures. The first is the base, the
// second is the base again and shows the noise.
func (p *Page) Compare(e Effort, measure string, f Figure, systems []System) {
	samples := make([]*Sample, len(systems))
	for i, s := range systems {
		samples[i] = s.Sample
	}
	Run(samples, e.Rounds, e.Slice)
	base, noise := samples[0], f.Of(samples[1], samples[0])
	for i, s := range systems {
		if i != 1 {
			p.Add(Row{
				Measure: measure, System: s.Name, Goal: s.Goal,
				Measured: f.Of(s.Sample, base), Noise: noise, Format: f.Format,
				NS: s.Sample.Wall(), Allocs: s.Sample.Allocs(), Bare: base.Allocs(),
			})
		}
	}
}

// Print prints the page, and how many promises are not kept.
func (p *Page) Print(out io.Writer) error {
	fmt.Fprint(out, p.Legend)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "measure\tsystem\tto reach\tmeasured\tnoise\tns\tallocations\t")
	for _, r := range p.rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			r.Measure, r.System, r.toReach(), text(r.Format, r.Measured), text(r.Format, r.Noise),
			text("%.0f", r.NS), text("%.2f", r.Allocs), r.Verdict())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s\n", p.promises())
	return err
}

// promises returns how many there are, and how many are not kept.
func (p *Page) promises() string {
	promised, missed := 0, 0
	for _, r := range p.rows {
		switch r.Verdict() {
		case missedGoal:
			promised, missed = promised+1, missed+1
		case keptGoal:
			promised++
		}
	}
	return fmt.Sprintf("%d promises, %d missed", promised, missed)
}

// text returns nothing for what there is not.
func text(format string, v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf(format, v)
}

// toReach returns what is promised.
func (r Row) toReach() string {
	if r.Goal == nil {
		return ""
	}
	var goal string
	if r.Goal.Most != 0 {
		goal = "≤ " + fmt.Sprintf(r.Format, r.Goal.Most)
	}
	if math.IsNaN(r.Allocs) || r.Goal.Allocs == AnyAllocs {
		return goal
	}
	if goal != "" {
		goal += ", "
	}
	goal += fmt.Sprintf("%.3g allocations", r.Goal.Allocs)
	if r.Goal.Over {
		goal += " more"
	}
	return goal
}

// The verdicts.
const (
	keptGoal   = "kept"
	missedGoal = "missed"
)

// Verdict returns whether the promise is kept, and nothing where there is none. A tenth of
// an allocation is the background's.
func (r Row) Verdict() string {
	if r.Goal == nil {
		return ""
	}
	allocs := r.Allocs
	if r.Goal.Over {
		allocs -= r.Bare
	}
	if r.Goal.Most != 0 && r.Measured > r.Goal.Most || r.Goal.Allocs != AnyAllocs && allocs > r.Goal.Allocs+0.1 {
		return missedGoal
	}
	return keptGoal
}
