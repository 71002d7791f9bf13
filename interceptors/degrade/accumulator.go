package degrade

import "strings"

// Accumulator puts together the reports on the elements of one list or the values of one
// map. It holds at most as much as one report may have, however many reports it is
// given and whatever is in them: what is beyond is counted, see [Report.Dropped]. The
// zero Accumulator is empty. It is not safe for concurrent use.
type Accumulator struct {
	found     gathering // with paths within an element
	truncated bool
}

// Add takes the report on one element, with paths within that, and returns the part
// that is about the element as a whole: only the caller knows which one that is.
func (a *Accumulator) Add(r Report) (whole Report) {
	own := 0 // of the element as a whole, whose path comes first
	for own < len(r.markers) && r.markers[own].Path == "" {
		own++
	}
	a.truncated = a.truncated || r.truncated
	a.found.drop(r.dropped)
	if own < len(r.markers) && a.found.claimed == nil {
		a.found.claimed = map[claim]int{} // so that nothing is left out for what another element misses
	}
	a.found.keepAll(r.markers[own:])
	return Report{known: r.known, markers: r.markers[:own:own]}
}

// Report returns what was added, as a report on the message that has the elements at
// path, which ends in [*].
func (a *Accumulator) Report(path string) Report {
	moved := a.found.markers.under(path)
	for i := range moved {
		if moved[i].Path == path && strings.HasSuffix(path, "[*]") {
			moved[i].Count = max(moved[i].Count, 1) // what was too deep is about some element
		}
	}
	return Report{
		known:     true,
		truncated: a.truncated || a.found.dropped > 0,
		dropped:   a.found.dropped,
		markers:   moved.normal(),
	}
}
