package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

// page is the table.
type page struct{ rows []row }

// row is one figure.
type row struct {
	what, aim, measured, noise string
	allocs                     float64
}

// print prints the page.
func (p *page) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "measure\taim\tmeasured\tnoise\tallocations\t")
	for _, r := range p.rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%+.1f\t\n", r.what, r.aim, r.measured, r.noise, r.allocs)
	}
	return table.Flush()
}

// compare measures calls in turns: bare, bare again, guarded.
func (p *page) compare(e effort, what, aim string, bare, again, guarded func(int)) {
	all := []*measure.Sample{{Goroutines: 1, Call: bare}, {Goroutines: 1, Call: again}, {Goroutines: 1, Call: guarded}}
	measure.Run(all, e.rounds, e.slice)
	p.rows = append(p.rows, row{
		what: what, aim: aim,
		measured: fmt.Sprintf("%+.0f ns, CPU %.3f", all[2].More(all[0]), all[2].CPUOf(all[0])),
		noise:    fmt.Sprintf("%+.0f ns, CPU %.3f", all[1].More(all[0]), all[1].CPUOf(all[0])),
		allocs:   all[2].Allocs() - all[0].Allocs(),
	})
}

// runs is how often what is done seldom is done.
const runs = 15

// repeat measures what is done seldom. Each run is readied first, which does not count.
func (p *page) repeat(what, aim string, ready func() (do func())) {
	ready()()
	var took []time.Duration
	var allocs float64
	for range runs {
		do := ready()
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		do()
		took = append(took, time.Since(begin))
		runtime.ReadMemStats(&after)
		allocs = float64(after.Mallocs - before.Mallocs)
	}
	slices.Sort(took)
	p.rows = append(p.rows, row{
		what: what, aim: aim, measured: fmt.Sprintf("%.1f ms, median %.1f", milliseconds(took[0]), milliseconds(took[runs/2])),
		allocs: allocs,
	})
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// addWaits adds the waits of several runs.
func (p *page) addWaits(what, aim string, waits []time.Duration) {
	slices.Sort(waits)
	p.rows = append(p.rows, row{
		what: what, aim: aim, measured: fmt.Sprintf("%.2f ms, median %.2f", milliseconds(waits[0]), milliseconds(waits[len(waits)/2])),
	})
}
