package degrade

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// Report is what is known of the degraded fields of one response. The zero
// Report knows nothing, as when the peer sent no report; this is not the same as
// a complete response. Reports are immutable values and safe for concurrent use.
type Report struct {
	known     bool
	truncated bool
	unread    bool // it was to be captured, and nobody has read it: then nothing is known
	dropped   int
	markers   markers // normal, never written again
}

// NewReport returns the report of a response with the given markers, or of a
// complete response if there are none. It merges markers that say the same and
// leaves out those within a missing field. A marker with a malformed path makes
// the whole response [Partial]: it is better to mark too much than too little.
func NewReport(marked ...Marker) Report {
	sound := make(markers, len(marked))
	for i, m := range marked {
		sound[i] = m.sound()
	}
	if r := (Report{known: true, markers: sound}); !sound.fit() {
		return gathered(r).report()
	}
	return Report{known: true, markers: sound.normal()}
}

// Union combines reports on the same response. The result knows nothing if none
// of them does. It has at most 500 markers: those that this service made come first, and
// of all others the worst. What is beyond is counted, see [Report.Dropped].
func Union(reports ...Report) Report {
	var all Report
	several := false
	for _, r := range reports {
		all.known = all.known || r.known
		all.truncated = all.truncated || r.truncated
		all.dropped = plus(all.dropped, r.dropped)
		several = several || len(r.markers) > 0 && len(all.markers) > 0
		if len(r.markers) > 0 {
			all.markers = r.markers
		}
	}
	if several {
		together := gathered(reports...).report()
		all.markers = together.markers
		all.truncated = all.truncated || together.truncated
		all.dropped = plus(all.dropped, together.dropped)
	}
	return all
}

// with returns both reports together. What both claim counts once, because a
// fan-out writes the same report into the response and to the scope.
func (r Report) with(other Report) Report {
	if !other.known {
		return r
	}
	all := Union(Report{markers: r.markers}, Report{markers: r.markers.lacking(other.markers)})
	return Report{
		known:     true,
		truncated: r.truncated || other.truncated || all.truncated,
		dropped:   plus(max(r.dropped, other.dropped), all.dropped),
		markers:   all.markers,
	}
}

// Known reports whether the response was reported on at all, as complete or as
// degraded. That of a peer without afloat is not.
func (r Report) Known() bool {
	if r.unread {
		tellUnread()
	}
	return r.known
}

// Complete reports whether no field is degraded. It is false if nothing is
// known. Only a complete response may be kept for other callers: a degraded one
// would outlive the failure that caused it.
func (r Report) Complete() bool { return r.Known() && len(r.markers) == 0 && !r.truncated }

// Err returns nil if the response is complete, else an [*IncompleteError].
func (r Report) Err() error {
	if r.Complete() {
		return nil
	}
	return &IncompleteError{Report: r}
}

// State returns what the field at path holds: the state of the nearest marker
// at or above it; [Partial] if only something within it is marked; [Intact] if
// nothing is. It is [Unknown] if nothing is known, if nothing is marked but the
// report is truncated, and if path is malformed. Paths have no list indices: to
// ask about one element, use [Report.Element].
func (r Report) State(path string) State {
	f, ok := fieldAt(path)
	if !ok {
		return Unknown
	}
	return r.stateOf(f)
}

// Element returns what one element of the repeated field at path holds, found
// by the name that the server gives it, or one value of the map at path, found
// by its key. If the server does not name all affected elements, any element
// may be affected.
func (r Report) Element(path, key string) State {
	f, ok := fieldAt(path)
	if !ok {
		return Unknown
	}
	f.element, f.single = key, true
	return r.stateOf(f)
}

// stateOf returns what a field holds.
func (r Report) stateOf(f field) State {
	s := search{markers: r.markers, field: f}
	s.run()
	switch {
	case s.found != nil:
		return s.found.State
	case s.within:
		return Partial
	case !r.Known() || r.truncated:
		return Unknown
	default:
		return Intact
	}
}

// Age returns how old the value of the field at path is. It is zero unless the
// field is [Stale] and the server says how old it is.
func (r Report) Age(path string) time.Duration {
	f, ok := fieldAt(path)
	if !ok {
		return 0
	}
	s := search{markers: r.markers, field: f}
	if s.run(); s.found == nil {
		return 0
	}
	return s.found.Age
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

// Truncated reports whether more fields are degraded than there are markers.
func (r Report) Truncated() bool { return r.truncated }

// Dropped returns how many degraded fields are known to have no marker because
// there was no room.
func (r Report) Dropped() int { return r.dropped }

// unmarked returns the least number of degraded fields that have no marker.
func (r Report) unmarked() int {
	if r.truncated {
		return max(r.dropped, 1) // a peer need not say how many
	}
	return r.dropped
}

// Within returns the part of the report that concerns the field at path: the
// markers at it, within it and above it. Their paths stay unchanged. If path is
// malformed, that may be the whole report.
func (r Report) Within(path string) Report {
	f, ok := fieldAt(path)
	if !ok {
		return r
	}
	r.markers = r.markers.about(f)
	return r
}

// At returns the report for a message that has the response as its field at
// path: each marker is moved to below path. A marker that would become too deep
// or too long makes the field at path [Partial].
func (r Report) At(path string) Report {
	if path != "" {
		r.markers = r.markers.under(path)
	}
	return r
}

// summed returns one marker for a whole response in which something is degraded.
func (r Report) summed() Report {
	m := Marker{State: Partial, Reason: ReasonUpstreamDegraded}
	if len(r.markers) > 0 {
		m.Source = r.markers[0].Source
	}
	return NewReport(m)
}

// received returns a report that came from another service, one hop further away.
func (r Report) received() Report {
	r.markers = r.markers.received()
	return r
}

// stripped returns the report without what is for operators.
func (r Report) stripped() Report {
	r.markers = r.markers.stripped()
	return r
}

// Proto returns the report as a message, nil if nothing is known.
func (r Report) Proto() *degradev1.Degradation {
	if !r.known {
		return nil
	}
	d := &degradev1.Degradation{Truncated: r.truncated, DroppedCount: uint32(r.dropped)} //nolint:gosec // in range
	if len(r.markers) > 0 {
		d.Fields = make([]*degradev1.FieldDegradation, len(r.markers))
	}
	for i := range r.markers {
		d.Fields[i] = r.markers[i].proto()
	}
	return d
}

// fits reports whether the report has at most size bytes as a message, in a wording.
func (r Report) fits(size int, w wording) bool {
	n := head(r.truncated, int64(r.dropped))
	for i := range r.markers {
		if n.marker(&r.markers[i], w); int(n) > size {
			return false
		}
	}
	return int(n) <= size
}

// Summary returns the report in the short form of [SummaryKey]. It is "0" for a
// complete response, and empty if nothing is known.
func (r Report) Summary() string {
	if !r.known {
		return ""
	}
	var counts [Partial + 1]int
	for _, m := range r.markers {
		counts[m.State]++
	}
	var b strings.Builder
	b.WriteString(strconv.Itoa(plus(len(r.markers), r.unmarked())))
	for _, s := range []State{Unknown, Missing, Stale, Defaulted, Substituted, Partial} {
		if counts[s] > 0 {
			fmt.Fprintf(&b, "; %v=%d", s, counts[s])
		}
	}
	return b.String()
}

// String says whether the response is complete, and names the first fields that are
// degraded, as in `"banner" is stale (timeout) and 2 more`.
func (r Report) String() string {
	switch {
	case !r.Known():
		return "nothing is known"
	case r.Complete():
		return "complete"
	}
	const few = 3
	first := make([]string, 0, few)
	for _, m := range r.markers[:min(few, len(r.markers))] {
		first = append(first, fmt.Sprintf("%q is %v (%v)", m.Path, m.State, m.Reason))
	}
	named := strings.Join(first, ", ")
	switch more := plus(len(r.markers)-len(first), r.unmarked()); {
	case more == 0:
		return named
	case named == "":
		return fmt.Sprintf("fields that are not named: %d", more)
	default:
		return fmt.Sprintf("%s and %d more", named, more)
	}
}

// plus adds counts, up to the largest that a message can hold.
func plus(a, b int) int { return int(min(int64(a)+int64(b), maxCount)) }
