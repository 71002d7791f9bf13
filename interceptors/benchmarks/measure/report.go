package measure

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/afloat-go/afloat/interceptors/benchmarks/draw"
)

// Folder is where the pages are, in the folder of the docs.
const Folder = "benchmarks"

// widest is the longest bar of a chart: what is longer says so in figures.
const widest = 3

// Write writes the page to the folder of the docs, under a name, and a chart of its ratios if
// something is promised of any.
func (p *Page) Write(docs, name, title string) error {
	folder := filepath.Join(docs, Folder)
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // pages for everybody
		return err
	}
	var image string
	if groups := p.groups(); len(groups) > 0 {
		image = fmt.Sprintf("![%s](%s.svg)\n\n", title, name)
		chart := draw.Bars(title+"; the line is what is promised", groups)
		if err := os.WriteFile(filepath.Join(folder, name+".svg"), chart, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, name+".md"), p.markdown(title, image), 0o644) //nolint:gosec // as above
}

// markdown returns the page for the docs, with an image.
func (p *Page) markdown(title, image string) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# %s\n\nMade by `make bench-report`, with %s on %d cores. %s. %s\n\n%s",
		title, runtime.Version(), runtime.NumCPU(), p.promises(), strings.ReplaceAll(strings.TrimSpace(p.Legend), "\n", " "), image)
	out.WriteString("| measure | system | to reach | measured | noise | ns | allocations | |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range p.rows {
		verdict := r.Verdict()
		if verdict == missedGoal {
			verdict = "**missed**"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", r.Measure, r.System, r.toReach(),
			text(r.Format, r.Measured), text(r.Format, r.Noise), text("%.0f", r.NS), text("%.1f", r.Allocs), verdict)
	}
	return out.Bytes()
}

// groups returns the bars of what is promised as a ratio, beside the others.
func (p *Page) groups() []draw.Group {
	var groups []draw.Group
	for i := 0; i < len(p.rows); {
		n := i
		for n < len(p.rows) && p.rows[n].Measure == p.rows[i].Measure {
			n++
		}
		if g := p.rows[i:n]; g[0].Format == Ratio().Format && slices.ContainsFunc(g, Row.promisesTime) {
			groups = append(groups, group(g))
		}
		i = n
	}
	return groups
}

// promisesTime reports whether more is promised than allocations.
func (r Row) promisesTime() bool { return r.Goal != nil && r.Goal.Most != 0 }

// group returns the bars of rows that were measured together.
func group(rows []Row) draw.Group {
	g := draw.Group{Title: rows[0].Measure}
	for _, r := range rows {
		b := draw.Bar{Label: r.System, Text: text(r.Format, r.Measured), Length: min(widest, r.Measured), Own: r.Goal != nil}
		if r.promisesTime() {
			b.Goal = r.Goal.Most
		}
		g.Bars = append(g.Bars, b)
	}
	return g
}
