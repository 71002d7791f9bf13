package story

import (
	"cmp"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	"github.com/afloat-go/afloat/examples/dashboard/load"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
)

// Figures are what one phase came to.
type Figures struct {
	// Requests is how many pages were asked for. Full of them were answered with
	// every part, Failed not at all, the others without some part.
	Requests, Full, Failed int
	// Missing counts the answers without a part, by part and reason.
	Missing map[string]map[dashboardv1.MissingReason]int
	// Silent is how many answers lacked a part without naming it.
	Silent int
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

// Partial is how many pages were answered without some part.
func (f Figures) Partial() int { return f.Requests - f.Full - f.Failed }

// Without is how many pages were answered without the given part.
func (f Figures) Without(part string) int {
	n := 0
	for _, count := range f.Missing[part] {
		n += count
	}
	return n
}

// page is what the dashboard answers.
type page = dashboardv1.GetDashboardResponse

// figuresOf counts the results of a phase that lasted for the given time.
func figuresOf(results []load.Result[*page], lasted time.Duration) Figures {
	f := Figures{
		Requests: len(results),
		Missing:  map[string]map[dashboardv1.MissingReason]int{},
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

// countPage counts what a page lacks and reports whether it lacks nothing.
func (f *Figures) countPage(p *page) (full bool) {
	for _, m := range p.GetMissing() {
		if f.Missing[m.GetPart()] == nil {
			f.Missing[m.GetPart()] = map[dashboardv1.MissingReason]int{}
		}
		f.Missing[m.GetPart()][m.GetReason()]++
	}
	if lacksSilently(p) {
		f.Silent++
		return false
	}
	return len(p.GetMissing()) == 0
}

// lacksSilently reports whether a page lacks something that every user has
// without saying so. A user may well have no alerts.
func lacksSilently(p *page) bool {
	named := map[string]bool{}
	for _, m := range p.GetMissing() {
		named[m.GetPart()] = true
	}
	return p.GetUser() == nil ||
		len(p.GetSeries()) == 0 && !named[dashboard.Metrics] ||
		len(p.GetActivity()) == 0 && !named[dashboard.Activity] ||
		len(p.GetProducts()) == 0 && !named[dashboard.Recommendations]
}
