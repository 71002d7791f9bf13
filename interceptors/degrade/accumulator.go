package degrade

import "strings"

// Accumulator puts together the reports on the elements of one list or the values of one
// map. It holds at most as many markers as one report may have, 500, however many
// reports it is given and whatever is in them: what is beyond is counted, see
// [Report.Dropped]. The zero Accumulator is empty. It is not safe for concurrent use.
type Accumulator struct {
	gathering gathering // with paths within an element
	truncated bool
}

// Add takes the report on one element, with paths within that, and returns the part
// that is about the element as a whole: only the caller knows which one that is.
func (a *Accumulator) Add(r Report) (whole Report) {
	own := 0 // of the element as a whole, whose path comes first
	for own < len(r.markers) && r.markers[own].Path == "" {
		own++
	}
	if own < len(r.markers) {
		a.gathering.distinguish()
	}
	a.truncated = a.truncated || r.truncated
	a.gathering.drop(r.dropped)
	for _, m := range r.markers[own:] {
		a.gathering.keep(m)
	}
	return Report{known: r.known, markers: append(markers(nil), r.markers[:own]...)}
}

// Report returns what was added, as a report on the message that has the elements at
// path, which ends in [*].
func (a *Accumulator) Report(path string) Report {
	dropped := a.gathering.dropped
	moved := a.gathering.markers.under(path)
	for i := range moved {
		if m := &moved[i]; m.Path == path && strings.HasSuffix(path, "[*]") {
			m.Count = max(m.Count, 1) // what was too deep is about some element
		}
	}
	return Report{known: true, truncated: a.truncated || dropped > 0, dropped: dropped, markers: moved.normal()}
}
