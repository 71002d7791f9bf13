package measure

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Page is a table: what was measured beside what the project promises.
type Page struct{ rows []row }

// Goal is a promise.
type Goal struct {
	// Most is how large the figure may be. 0: nothing is promised of it.
	Most float64
	// Allocs is how many allocations a call may have. 0: nothing is promised of them.
	Allocs float64
}

// Figure is what is told of a sample beside its base.
type Figure struct {
	Format string // of a float64
	Of     func(s, base *Sample) float64
}

// Ratio returns the figure of what a call takes as a share of what one of the base takes.
func Ratio() Figure { return Figure{"%.2f", (*Sample).Of} }

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

// row is one figure.
type row struct {
	measure         string
	system          System
	figure          Figure
	measured, noise float64
}

// Compare measures systems in turns and adds their figures. The first is the base, the
// second is the base again and shows the noise.
func (p *Page) Compare(rounds int, slice time.Duration, measure string, f Figure, systems []System) {
	samples := make([]*Sample, len(systems))
	for i, s := range systems {
		samples[i] = s.Sample
	}
	Run(samples, rounds, slice)
	noise := f.Of(samples[1], samples[0])
	for i, s := range systems {
		if i != 1 {
			p.rows = append(p.rows, row{measure: measure, system: s, figure: f, measured: f.Of(s.Sample, samples[0]), noise: noise})
		}
	}
}

// Print prints the page, and how many promises are not kept.
func (p *Page) Print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "measure\tsystem\tto reach\tmeasured\tnoise\tns\tallocations\t")
	promised, missed := 0, 0
	for _, r := range p.rows {
		verdict := r.verdict()
		if verdict != "" {
			promised++
		}
		if verdict == "missed" {
			missed++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t"+r.figure.Format+"\t"+r.figure.Format+"\t%.0f\t%.1f\t%s\n",
			r.measure, r.system.Name, r.toReach(), r.measured, r.noise, r.system.Sample.Wall(), r.system.Sample.Allocs(), verdict)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d promises, %d missed\n", promised, missed)
	return err
}

// toReach returns what is promised.
func (r row) toReach() string {
	g := r.system.Goal
	switch {
	case g == nil:
		return ""
	case g.Allocs == 0:
		return "≤ " + fmt.Sprintf(r.figure.Format, g.Most)
	case g.Most == 0:
		return fmt.Sprintf("%.3g allocations", g.Allocs)
	default:
		return fmt.Sprintf("≤ "+r.figure.Format+", %.3g allocations", g.Most, g.Allocs)
	}
}

// verdict returns whether the promise is kept, and nothing where there is none. A tenth
// of an allocation is the background's.
func (r row) verdict() string {
	g := r.system.Goal
	switch {
	case g == nil:
		return ""
	case g.Most != 0 && r.measured > g.Most, g.Allocs != 0 && r.system.Sample.Allocs() > g.Allocs+0.1:
		return "missed"
	default:
		return "kept"
	}
}
