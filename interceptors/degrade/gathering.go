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
	// maxNamed bounds how many names of elements are put together with those of markers
	// that say the same, which is slower than to read them. It suffices for a report in
	// which all markers have as many names as they may. Names beyond it are left out, and
	// their elements counted.
	maxNamed = maxMarkers * MaxKeys
)

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
	// also for markers that say the same.
	claimed map[claim]int
	detail  int // bytes
	named   int // how many names were put together with others
	dropped int // degraded fields without a marker
}

// gathered puts markers of reports together. If they may not all have room, those of the
// first rank go first.
func gathered(reports ...Report) *gathering {
	total := 0
	for _, r := range reports {
		total += len(r.markers)
	}
	g := &gathering{markers: make(markers, 0, min(total, maxMarkers))}
	if total <= maxMarkers {
		for _, r := range reports {
			g.keepAll(r.markers)
		}
		return g
	}
	for rank := range 2 * severities {
		for _, r := range reports {
			for i := range r.markers {
				if r.markers[i].rank() == rank {
					g.keep(r.markers[i])
				}
			}
		}
	}
	return g
}

// keepAll takes markers in, in their order.
func (g *gathering) keepAll(ms markers) {
	for i := range ms {
		g.keep(ms[i])
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

// drop counts degraded fields that get no marker.
func (g *gathering) drop(fields int) { g.dropped = plus(g.dropped, fields) }

// condense makes room by putting markers together that say the same.
func (g *gathering) condense() {
	g.markers = g.markers.normal()
	g.claimed, g.detail = make(map[claim]int, maxMarkers), 0
	for i := range g.markers {
		g.claimed[g.markers[i].claim()] = i
		g.detail += g.markers[i].detail()
	}
}

// unite puts a marker together with one that says the same.
func (g *gathering) unite(at int, m Marker) {
	kept := &g.markers[at]
	if !slices.Equal(kept.Keys, m.Keys) {
		if g.named += len(m.Keys); g.named > maxNamed {
			m.Keys = nil
		}
	}
	both := kept.united(m)
	grown := both.detail() - kept.detail()
	if g.detail+grown > maxDetail {
		both.Keys, both.Source, grown = kept.Keys, kept.Source, 0
	}
	g.detail += grown
	*kept = both
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
