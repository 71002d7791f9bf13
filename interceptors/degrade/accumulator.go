package degrade

import "strings"

// Accumulator puts together the reports on the elements of one list or the values of one
// map. It holds at most as many markers as one report may have, 500, however many
// reports it is given and whatever is in them: what is beyond is counted, see
// [Report.Dropped]. The zero Accumulator is empty. It is not safe for concurrent use.
type Accumulator struct {
	markers markers // of different claims, with paths within an element
	places  map[claim]int
	// compared is how many names of elements were looked for among others.
	compared  int
	truncated bool
	dropped   int
}

// maxCompared bounds the work for the names of nested elements. It suffices for a
// hundred pairs of markers that have as many names as is allowed.
const maxCompared = 100 * MaxKeys * MaxKeys

// claim is what a marker says, apart from details.
type claim struct {
	path   string
	state  State
	reason Reason
}

// claim returns what the marker says.
func (m Marker) claim() claim { return claim{m.Path, m.State, m.Reason} }

// Add takes the report on one element, with paths within that, and returns the part
// that is about the element as a whole: only the caller knows which one that is.
func (a *Accumulator) Add(r Report) (whole Report) {
	own := 0 // of the element as a whole, whose path comes first
	for own < len(r.markers) && r.markers[own].Path == "" {
		own++
	}
	a.truncated, a.dropped = a.truncated || r.truncated, plus(a.dropped, r.dropped)
	for _, m := range r.markers[own:] {
		a.keep(m)
	}
	return Report{known: r.known, markers: append(markers(nil), r.markers[:own]...)}
}

// keep takes one marker, or counts it where there is no room.
func (a *Accumulator) keep(m Marker) {
	switch at, known := a.places[m.claim()]; {
	case known:
		a.unite(&a.markers[at], m)
	case len(a.markers) == maxMarkers:
		a.truncated, a.dropped = true, plus(a.dropped, m.fields())
	default:
		if a.places == nil {
			a.places = map[claim]int{}
		}
		a.places[m.claim()] = len(a.markers)
		a.markers = append(a.markers, m)
	}
}

// unite puts m into a marker that says the same. The names in m are left out, but
// counted, once enough names have been compared.
func (a *Accumulator) unite(kept *Marker, m Marker) {
	if len(m.Keys) > 0 {
		a.compared += len(m.Keys) * len(kept.Keys)
	}
	if a.compared > maxCompared {
		m.Keys = nil
	}
	*kept = kept.united(m)
}

// Report returns what was added, as a report on the message that has the elements at
// path, which ends in [*].
func (a *Accumulator) Report(path string) Report {
	moved := a.markers.under(path)
	for i := range moved {
		if moved[i].Path == path && strings.HasSuffix(path, "[*]") {
			moved[i].Count = max(moved[i].Count, 1) // what was too deep is about some element
		}
	}
	return Report{known: true, truncated: a.truncated, dropped: a.dropped, markers: moved.normal()}
}
