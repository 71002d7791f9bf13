package degrade

import "slices"

// Bounds of a report, whoever makes it. What a peer sends is read up to them, and what is
// put together from several reports does not grow beyond them. Whatever is left out is
// counted.
const (
	// maxMarkers bounds the markers of one report.
	maxMarkers = 500
	// maxDetail bounds the bytes of all names of elements and of sources in one report.
	// Markers beyond it have neither.
	maxDetail = 256 << 10
)

// maxCompared bounds the work for the names of elements that are put together. It
// suffices for a hundred pairs of markers that have as many names as is allowed.
const maxCompared = 100 * MaxKeys * MaxKeys

// claim is what a marker says apart from details.
type claim struct {
	path   string
	state  State
	reason Reason
}

// gathering puts markers together within the bounds of a report. The zero value is
// empty.
type gathering struct {
	markers markers
	// claimed says where the marker of each claim is. It is nil as long as there is room
	// also for markers that say the same, unless they are to be distinguished.
	claimed map[claim]int
	detail  int // bytes
	// compared is how many names of elements were looked for among others.
	compared int
	dropped  int // degraded fields without a marker
}

// gathered puts markers of reports together. If they may not all have room, those of
// this service go first, the worst before others.
func gathered(reports ...Report) *gathering {
	total := 0
	for _, r := range reports {
		total += len(r.markers)
	}
	g := &gathering{markers: make(markers, 0, min(total, maxMarkers))}
	if total <= maxMarkers {
		g.keepAll(reports, func(*Marker) bool { return true })
		return g
	}
	for rank := range 2 * severities {
		g.keepAll(reports, func(m *Marker) bool { return m.rank() == rank })
	}
	return g
}

// keepAll takes in those markers of the reports that are wanted.
func (g *gathering) keepAll(reports []Report, wanted func(*Marker) bool) {
	for _, r := range reports {
		for i := range r.markers {
			if wanted(&r.markers[i]) {
				g.keep(r.markers[i])
			}
		}
	}
}

// distinguish makes the gathering put markers together as they come, and only those that
// say the same: where they are about different messages, none covers another.
func (g *gathering) distinguish() {
	if g.claimed == nil {
		g.claimed = map[claim]int{}
	}
}

// keep takes one marker in. If there is no room, it is counted, unless it says the same
// as another.
func (g *gathering) keep(m Marker) {
	if g.claimed == nil && len(g.markers) == maxMarkers {
		g.condense()
	}
	if at, ok := g.claimed[m.claim()]; ok {
		g.unite(at, m)
		return
	}
	if len(g.markers) == maxMarkers {
		g.drop(m.fields())
		return
	}
	if g.detail += m.detail(); g.detail > maxDetail {
		g.detail -= m.detail()
		m = m.bare()
	}
	if g.claimed != nil {
		g.claimed[m.claim()] = len(g.markers)
	}
	g.markers = append(g.markers, m)
}

// keepEach takes markers in that nobody writes to any more. If they are the first, and
// within the bounds, the gathering begins with them as they are.
func (g *gathering) keepEach(found markers) {
	if g.claimed == nil && len(g.markers) == 0 && found.fit() {
		g.markers, g.detail = slices.Clip(found), found.detail()
		return
	}
	for i := range found {
		g.keep(found[i])
	}
}

// drop counts degraded fields that get no marker.
func (g *gathering) drop(fields int) { g.dropped = plus(g.dropped, fields) }

// condense makes room by putting markers together that say the same.
func (g *gathering) condense() {
	g.markers = slices.Clone(g.markers.normal()) // from now on they are written to
	g.claimed, g.detail = make(map[claim]int, maxMarkers), g.markers.detail()
	for i := range g.markers {
		g.claimed[g.markers[i].claim()] = i
	}
}

// unite puts a marker together with one that says the same. Its names are left out, but
// counted, once enough names have been compared.
func (g *gathering) unite(at int, m Marker) {
	if !slices.Equal(g.markers[at].Keys, m.Keys) { // as it is where a peer says the same again
		if g.compared += len(m.Keys) * len(g.markers[at].Keys); g.compared > maxCompared {
			m.Keys = nil
		}
	}
	both := g.markers[at].united(m)
	grown := both.detail() - g.markers[at].detail()
	if g.detail+grown > maxDetail {
		both.Keys, both.Source, grown = g.markers[at].Keys, g.markers[at].Source, 0
	}
	g.detail += grown
	g.markers[at] = both
}

// full returns the claims of a gathering that has no room for others, else nil. They do
// not change any more.
func (g *gathering) full() map[claim]int {
	if len(g.markers) < maxMarkers {
		return nil
	}
	return g.claimed
}

// report returns what was gathered. Nothing may be added after that.
func (g *gathering) report() Report {
	return Report{known: true, truncated: g.dropped > 0, dropped: g.dropped, markers: g.markers.normal()}
}
