package degrade

import (
	"iter"
	"slices"
	"time"
)

// Report is what is known of the degraded fields of one response. The zero
// Report knows nothing: that is what a peer that says nothing leaves behind, and
// it is not the same as a complete response. Reports are values and are safe for
// concurrent use.
type Report struct {
	known     bool
	truncated bool
	dropped   int
	markers   []Marker // normal, never written again
}

// NewReport returns the report of a response with the given markers; with none
// of them, of a complete one. It puts together what says the same and leaves
// out what lies within a missing field. A marker with a malformed path makes the
// whole response [Partial]: better too much is marked than too little.
func NewReport(markers ...Marker) Report {
	sound := make([]Marker, len(markers))
	for i, m := range markers {
		sound[i] = m.sound()
	}
	return Report{known: true, markers: normal(sound)}
}

// Union returns what the reports say together, of one and the same response. It
// knows nothing if none of them does.
func Union(reports ...Report) Report {
	var all Report
	for _, r := range reports {
		all.known = all.known || r.known
		all.truncated = all.truncated || r.truncated
		all.dropped = plus(all.dropped, r.dropped)
		all.markers = append(all.markers, r.markers...)
	}
	all.markers = normal(all.markers)
	return all
}

// Known reports whether the response was said to be complete or not. A peer
// that does not know afloat says neither.
func (r Report) Known() bool { return r.known }

// Complete reports whether no field is degraded. It is false if nothing is
// known.
func (r Report) Complete() bool { return r.known && len(r.markers) == 0 && !r.truncated }

// Cacheable reports whether the response may be kept for other callers. Only a
// complete one may: anything else would live on after its cause.
func (r Report) Cacheable() bool { return r.Complete() }

// Truncated reports whether more fields are degraded than there are markers.
func (r Report) Truncated() bool { return r.truncated }

// Dropped is how many degraded fields have no marker because there was no room.
func (r Report) Dropped() int { return r.dropped }

// Markers yields the markers, ordered by path.
func (r Report) Markers() iter.Seq[Marker] {
	return func(yield func(Marker) bool) {
		for _, m := range r.markers {
			m.Keys = slices.Clone(m.Keys)
			if !yield(m) {
				return
			}
		}
	}
}

// Len is the number of markers.
func (r Report) Len() int { return len(r.markers) }

// State returns what the field at path holds: the state of the nearest marker
// at it or above it; [Partial] if only something within it is marked; [Intact]
// if nothing is. It is [Unknown] if nothing is known, or if nothing is said of
// the field but not all markers are there. Of one element of a list, ask
// [Report.Element].
func (r Report) State(path string) State {
	if m, ok := r.nearest(path); ok {
		return m.State
	}
	switch {
	case slices.ContainsFunc(r.markers, func(m Marker) bool { return Covers(path, m.Path) }):
		return Partial
	case !r.known || r.truncated:
		return Unknown
	default:
		return Intact
	}
}

// nearest is the worst of the markers that stand nearest above path.
func (r Report) nearest(path string) (nearest Marker, ok bool) {
	for _, m := range r.markers {
		if !Covers(m.Path, path) {
			continue
		}
		nearer := len(m.Path) - len(nearest.Path)
		if !ok || nearer > 0 || nearer == 0 && m.State.severity() > nearest.State.severity() {
			nearest, ok = m, true
		}
	}
	return nearest, ok
}

// Element returns what one element of the repeated field at path holds, by the
// name that the server gives it. If the server does not name all affected
// elements, each may be one of them.
func (r Report) Element(path, key string) State {
	worst := Intact
	for _, m := range r.markers {
		if m.Path != Elements(path) || m.Count <= len(m.Keys) && !slices.Contains(m.Keys, key) {
			continue
		}
		if m.State.severity() > worst.severity() {
			worst = m.State
		}
	}
	if worst != Intact {
		return worst
	}
	if m, ok := r.nearest(path); ok {
		return m.State
	}
	if !r.known || r.truncated {
		return Unknown
	}
	return Intact
}

// Age returns how old the value of the field at path is, zero unless it is
// [Stale].
func (r Report) Age(path string) time.Duration {
	m, _ := r.nearest(path)
	return m.Age
}

// Within returns what the report says of the field at path: what is marked at
// it, within it and above it. Paths stay as they are.
func (r Report) Within(path string) Report {
	within := Report{known: r.known, truncated: r.truncated, dropped: r.dropped}
	for _, m := range r.markers {
		if Covers(path, m.Path) || Covers(m.Path, path) {
			within.markers = append(within.markers, m)
		}
	}
	return within
}

// Err returns nil if the response is complete, else an [*IncompleteError].
func (r Report) Err() error {
	if r.Complete() {
		return nil
	}
	return &IncompleteError{Report: r}
}
