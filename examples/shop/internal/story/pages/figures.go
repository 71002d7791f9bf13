package pages

import (
	"cmp"
	"fmt"
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/internal/load"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
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
	// Wrong is how many answers do not say exactly what they must of their parts,
	// FirstWrong what is wrong with the first of those.
	Wrong      int
	FirstWrong error
	// LastSecond is how many pages were asked for in the phase's last second,
	// Settled how many of them were as good as they must be by then.
	LastSecond, Settled int
	// P50 and P99 are latencies of the pages that were answered.
	P50, P99 time.Duration
	// Late is by how much the client was late at worst. A client that is held up
	// shares its machine with the services, which are held up too.
	Late time.Duration
	// Circuits are the breakers at the end of the phase.
	Circuits []guards.Circuit
	// Reached is how many calls came to each backend that the phase makes sick.
	Reached map[string]int
	// Suffers is the part of the page that suffers from that, empty if none does.
	Suffers string
	// Change is what came of the change of rules, nil if there was none.
	Change *Change
	// FirstError is why the first page failed that did.
	FirstError error
}

// Partial returns how many pages were answered with some part degraded.
func (f Figures) Partial() int { return f.Requests - f.Full - f.Failed }

// Without returns how many pages were answered without the given part as it should be.
func (f Figures) Without(part string) int {
	n := 0
	for _, count := range f.Marked[part] {
		n += count
	}
	return n
}

// home is what the edge answers.
type home = shopv1.GetHomeResponse

// judges say what is wrong with the n-th answer.
type judges struct {
	all    func(n int, h *home) error
	atLast func(n int, h *home) error // in the last second
}

// figuresOf counts the results of a phase that lasted for the given time.
func figuresOf(results []load.Result[*home], lasted time.Duration, wrong judges) Figures {
	f := Figures{
		Requests: len(results),
		Marked:   map[string]map[string]int{},
	}
	for n, r := range results {
		late := r.Due >= lasted-time.Second
		switch {
		case r.Err != nil:
			f.Failed++
			f.FirstError = cmp.Or(f.FirstError, r.Err) // the first
		default:
			f.count(r.Answer, wrong.all(n, r.Answer))
		}
		if late {
			f.LastSecond++
		}
		if late && r.Err == nil && wrong.atLast(n, r.Answer) == nil {
			f.Settled++
		}
		f.Late = max(f.Late, r.Late)
	}
	latencies := load.Latencies(results)
	f.P50, f.P99 = load.Percentile(latencies, 0.50), load.Percentile(latencies, 0.99)
	return f
}

// count counts what an answer says of its parts.
func (f *Figures) count(h *home, wrong error) {
	report := degrade.FromResponse(h)
	if wrong != nil {
		f.Wrong++
		f.FirstWrong = cmp.Or(f.FirstWrong, wrong)
	} else if report.Complete() {
		f.Full++
	}
	for m := range report.Markers() {
		if part, ok := partAt(m.Path); ok {
			if f.Marked[part] == nil {
				f.Marked[part] = map[string]int{}
			}
			f.Marked[part][fmt.Sprintf("%v (%v)", m.State, m.Reason)]++
		}
	}
}
