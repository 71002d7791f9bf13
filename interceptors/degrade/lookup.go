package degrade

import (
	"slices"
	"time"
)

// State returns what the field at path holds: the state of the nearest marker
// at or above it; [Partial] if only something within it is marked; [Intact] if
// nothing is. It is [Unknown] if nothing is known, if nothing is marked but the
// report is truncated, and if path is malformed. Paths have no list indices: to
// ask about one element, use [Report.Element].
func (r Report) State(path string) State {
	steps, err := parse(path)
	if err != nil {
		return Unknown
	}
	return r.stateOf(steps)
}

// Element returns what one element of the repeated field at path holds, found
// by the name that the server gives it, or one value of the map at path, found
// by its key. If the server does not name all affected elements, any element
// may be affected.
func (r Report) Element(path, key string) State {
	steps, err := parse(path)
	if err != nil {
		return Unknown
	}
	return r.stateOf(append(steps, step{keyStep, key}))
}

func (r Report) stateOf(asked []step) State {
	if m, ok := r.nearest(asked); ok {
		return m.State
	}
	switch {
	case slices.ContainsFunc(r.markers, func(m Marker) bool { return m.placed(asked).at == within }):
		return Partial
	case !r.known || r.truncated:
		return Unknown
	default:
		return Intact
	}
}

// Age returns how old the value of the field at path is. It is zero unless the
// field is [Stale] and the server says how old it is.
func (r Report) Age(path string) time.Duration {
	steps, err := parse(path)
	if err != nil {
		return 0
	}
	m, _ := r.nearest(steps)
	return m.Age
}

// Within returns the part of the report that concerns the field at path: the
// markers at it, within it and above it. Their paths stay unchanged. If path is
// malformed, that may be the whole report.
func (r Report) Within(path string) Report {
	steps, err := parse(path)
	if err != nil {
		return r
	}
	r.markers = slices.DeleteFunc(slices.Clone(r.markers), func(m Marker) bool { return m.placed(steps).at == elsewhere })
	return r
}

// nearest is the worst of the markers that are nearest above the field in
// question.
func (r Report) nearest(asked []step) (nearest Marker, ok bool) {
	depth := 0
	for _, m := range r.markers {
		p := m.placed(asked)
		if p.at != above {
			continue
		}
		if !ok || p.depth > depth || p.depth == depth && m.State.severity() > nearest.State.severity() {
			nearest, depth, ok = m, p.depth, true
		}
	}
	return nearest, ok
}

// place is where a marker lies, as seen from the field in question.
type place struct {
	at    whereabouts
	depth int // the larger, the nearer to the field
}

type whereabouts uint8

const (
	elsewhere whereabouts = iota
	above                 // at the field, or at one that it lies in
	within
)

// placed compares a marker with a field. If the marker is about several
// elements, the one in question may be among them, unless the marker names them
// all.
func (m Marker) placed(asked []step) place {
	own, err := parse(m.Path)
	if err != nil {
		return place{} // there is no such marker
	}
	p := place{at: above, depth: 2 * len(own)}
	if len(own) > len(asked) {
		p.at = within
	}
	for i := range min(len(own), len(asked)) {
		switch mine, other := own[i], asked[i]; {
		case mine == other:
		case mine.kind == allStep && other.kind == keyStep && (i < len(own)-1 || m.mayBe(other.name)):
			p.depth-- // one that names the element itself is nearer
		case mine.kind == keyStep && other.kind == allStep:
			p.at = within
		default:
			return place{}
		}
	}
	return p
}

// mayBe reports whether the element of that name may be among those of the
// marker.
func (m Marker) mayBe(name string) bool {
	return len(m.Keys) == 0 || m.Count > len(m.Keys) || slices.Contains(m.Keys, name)
}
