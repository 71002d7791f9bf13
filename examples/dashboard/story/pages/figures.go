package pages

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	"github.com/afloat-go/afloat/examples/dashboard/load"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// Figures are what one phase came to.
type Figures struct {
	// Requests is how many pages were asked for. Full of them were answered with
	// every part, Failed not at all, the others with some part degraded.
	Requests, Full, Failed int
	// Marked counts the answers of which a part was degraded, by part and by what
	// its marker says, as in "missing (timeout)".
	Marked map[string]map[string]int
	// Silent is how many answers lacked a part without marking it.
	Silent int
	// Wrong is how many answers had a marker that none of the parts may have,
	// FirstWrong the first of those.
	Wrong      int
	FirstWrong string
	// LastSecond is how many pages were asked for in the phase's last second,
	// LastSecondFull how many of them were answered in full.
	LastSecond, LastSecondFull int
	// P50 and P99 are latencies of the pages that were answered.
	P50, P99 time.Duration
	// Late is by how much the client was late at worst. A client that is held up
	// shares its machine with the services, which are held up too.
	Late time.Duration
	// Circuits are the breakers at the end of the phase.
	Circuits []dashboard.Circuit
	// Sick is the backend that the phase makes sick, empty if it makes none.
	Sick string
	// Reached is how many calls came to the sick backend.
	Reached int
	// FirstError is why the first page failed that did.
	FirstError error
}

// Partial is how many pages were answered with some part degraded.
func (f Figures) Partial() int { return f.Requests - f.Full - f.Failed }

// Without is how many pages were answered without the given part as it should be.
func (f Figures) Without(part string) int {
	n := 0
	for _, count := range f.Marked[part] {
		n += count
	}
	return n
}

// page is what the edge answers.
type page = dashboardv1.GetHomeResponse

// figuresOf counts the results of a phase that lasted for the given time.
func figuresOf(results []load.Result[*page], lasted time.Duration) Figures {
	f := Figures{
		Requests: len(results),
		Marked:   map[string]map[string]int{},
	}
	for _, r := range results {
		f.count(r, r.Due >= lasted-time.Second)
		f.Late = max(f.Late, r.Late)
	}
	latencies := load.Latencies(results)
	f.P50, f.P99 = load.Percentile(latencies, 0.50), load.Percentile(latencies, 0.99)
	return f
}

// count adds one result.
func (f *Figures) count(r load.Result[*page], late bool) {
	full := false
	if r.Err != nil {
		f.Failed++
		f.FirstError = cmp.Or(f.FirstError, r.Err) // the first
	} else {
		full = f.countPage(r.Answer)
	}
	if late {
		f.LastSecond++
	}
	if full {
		f.Full++
	}
	if full && late {
		f.LastSecondFull++
	}
}

// countPage counts what a page says of its parts and reports whether it is
// complete.
func (f *Figures) countPage(p *page) (full bool) {
	report := degrade.FromResponse(p)
	for m := range report.Markers() {
		part, ok := partAt(m)
		if !ok {
			f.Wrong++
			f.FirstWrong = cmp.Or(f.FirstWrong, fmt.Sprintf("%q %v", m.Path, m.State))
			continue
		}
		if f.Marked[part] == nil {
			f.Marked[part] = map[string]int{}
		}
		f.Marked[part][fmt.Sprintf("%v (%v)", m.State, m.Reason)]++
	}
	if !report.Known() || lacksSilently(p, report) {
		f.Silent++
		return false
	}
	return report.Complete()
}

// pathAtEdge is the field of the edge's answer that holds a part.
func pathAtEdge(part string) string { return degrade.Join("dashboard", dashboard.Path(part)) }

// partAt is the part that a marker is about, if it says what one of its kind may,
// and nothing that is not for clients.
func partAt(m degrade.Marker) (string, bool) {
	for _, part := range dashboard.Parts() {
		if pathAtEdge(part) == m.Path && slices.Contains(dashboard.Stands(part), m.State) && m.Source == (degrade.Source{}) {
			return part, true
		}
	}
	return "", false
}

// lacksSilently reports whether a page lacks something that every user has
// without saying so. A user may well have no alerts.
func lacksSilently(h *page, report degrade.Report) bool {
	p := h.GetDashboard()
	intact := func(part string) bool { return report.State(pathAtEdge(part)) == degrade.Intact }
	return p.GetUser() == nil ||
		len(p.GetSeries()) == 0 && intact(dashboard.Metrics) ||
		len(p.GetActivity()) == 0 && intact(dashboard.Activity) ||
		len(p.GetProducts()) == 0
}
