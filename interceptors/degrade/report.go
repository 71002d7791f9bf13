package degrade

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Report is what is known of the degraded fields of one response. The zero
// Report knows nothing, as when the peer sent no report; this is not the same as
// a complete response. Reports are immutable values and safe for concurrent use.
type Report struct {
	known     bool
	truncated bool
	dropped   int
	markers   []Marker // normal, never written again
}

// NewReport returns the report of a response with the given markers, or of a
// complete response if there are none. It merges markers that say the same and
// leaves out those within a missing field. A marker with a malformed path makes
// the whole response [Partial]: it is better to mark too much than too little.
func NewReport(markers ...Marker) Report {
	sound := make([]Marker, len(markers))
	for i, m := range markers {
		sound[i] = m.sound()
	}
	return Report{known: true, markers: normal(sound)}
}

// Union combines reports on the same response. The result knows nothing if none
// of them does.
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

// Known reports whether the response was reported on at all, as complete or as
// degraded. That of a peer without afloat is not.
func (r Report) Known() bool { return r.known }

// Complete reports whether no field is degraded. It is false if nothing is
// known.
func (r Report) Complete() bool { return r.known && len(r.markers) == 0 && !r.truncated }

// Cacheable reports whether the response may be kept for other callers. Only a
// complete one may: a degraded one would outlive the failure that caused it.
func (r Report) Cacheable() bool { return r.Complete() }

// Truncated reports whether more fields are degraded than there are markers.
func (r Report) Truncated() bool { return r.truncated }

// Dropped returns how many degraded fields are known to have no marker because
// there was no room.
func (r Report) Dropped() int { return r.dropped }

// unmarked is the least number of degraded fields that have no marker.
func (r Report) unmarked() int {
	if r.truncated {
		return max(r.dropped, 1) // a peer need not say how many
	}
	return r.dropped
}

// String says whether the response is complete, and names the first fields that are
// degraded, as in `"banner" is stale (timeout) and 2 more`.
func (r Report) String() string {
	switch {
	case !r.known:
		return "nothing is known"
	case r.Complete():
		return "complete"
	}
	const few = 3
	named := make([]string, 0, few)
	for _, m := range r.markers[:min(few, len(r.markers))] {
		named = append(named, fmt.Sprintf("%q is %v (%v)", m.Path, m.State, m.Reason))
	}
	said := strings.Join(named, ", ")
	switch more := plus(len(r.markers)-len(named), r.unmarked()); {
	case more == 0:
		return said
	case said == "":
		return fmt.Sprintf("fields that are not named: %d", more)
	default:
		return fmt.Sprintf("%s and %d more", said, more)
	}
}

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

// Len returns the number of markers.
func (r Report) Len() int { return len(r.markers) }

// Err returns nil if the response is complete, else an [*IncompleteError].
func (r Report) Err() error {
	if r.Complete() {
		return nil
	}
	return &IncompleteError{Report: r}
}
