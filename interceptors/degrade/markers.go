package degrade

import (
	"slices"
	"sort"
	"strings"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
)

// markers is a list of markers. Its methods leave it as it is, and may return it if
// there is nothing to change.
type markers []Marker

// normal returns the markers ordered by path and, for one path, the worst
// first. Markers that say the same are merged, and those within a missing field
// are left out.
func (ms markers) normal() markers {
	if len(ms) < 2 {
		return ms
	}
	return ms.sorted().merged()
}

// sorted returns the markers in normal order. What a peer sends mostly is.
func (ms markers) sorted() markers {
	inOrder := true
	for i := 1; i < len(ms) && inOrder; i++ {
		inOrder = !ms[i].precedes(&ms[i-1])
	}
	if inOrder {
		return ms
	}
	o := order{markers: ms, at: make([]int32, len(ms))}
	for i := range o.at {
		o.at[i] = int32(i)
	}
	sort.Sort(o)
	sorted := make(markers, len(ms))
	for i, at := range o.at {
		sorted[i] = ms[at]
	}
	return sorted
}

// merged returns markers in order with those merged that say the same, and without those
// within a missing field.
func (ms markers) merged() markers {
	var kept markers // the head of ms, until something is left out
	var few [4]string
	missing, copied := few[:0], false // paths of missing fields, each of which begins with the one before
	for i := range ms {
		m, n := &ms[i], len(kept)
		missing = beginning(missing, m.Path)
		switch {
		case n > 0 && kept[n-1].claims(m):
			if !copied {
				kept, copied = slices.Clone(kept), true
			}
			kept[n-1] = kept[n-1].united(*m)
			continue
		case covered(missing, m.Path):
			continue
		case n == i:
			kept = ms[: i+1 : i+1]
		default:
			kept, copied = append(kept, *m), true // the head of ms has no room, so this copies it
		}
		// That some elements are missing says nothing about the others.
		if m.State == Missing && !strings.Contains(m.Path, "[*]") {
			missing = append(missing, m.Path)
		}
	}
	return kept
}

// beginning returns those of the paths with which a path begins. If there are any, they
// are the first.
func beginning(paths []string, path string) []string {
	n := len(paths)
	for n > 0 && !strings.HasPrefix(path, paths[n-1]) {
		n--
	}
	return paths[:n]
}

// covered reports whether path lies within one of the paths, with all of which it begins.
func covered(paths []string, path string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return p != path && fieldpath.Covers(p, path) })
}

// fit reports whether the markers are within the bounds of a report.
func (ms markers) fit() bool { return len(ms) <= maxMarkers && ms.detail() <= maxDetail }

// detail returns the bytes of the names of elements and of the sources.
func (ms markers) detail() (bytes int) {
	for i := range ms {
		bytes += ms[i].detail()
	}
	return bytes
}

// lacking returns those of others that say something new.
func (ms markers) lacking(others markers) (fresh markers) {
	if len(ms) == 0 {
		return others
	}
	for i := range others {
		if !ms.claim(&others[i]) {
			fresh = append(fresh, others[i])
		}
	}
	return fresh
}

// claim reports whether one of the markers, which are in normal order, says the same as
// m.
func (ms markers) claim(m *Marker) bool {
	i := sort.Search(len(ms), func(i int) bool { return !ms[i].precedes(m) })
	return i < len(ms) && ms[i].claims(m)
}

// about returns the markers at the field, within it and above it.
func (ms markers) about(f field) (about markers) {
	s := search{markers: ms, field: f}
	for i := range ms {
		if s.concerns(i) {
			about = append(about, ms[i])
		}
	}
	return about
}

// under returns the markers for a message that has the response as its field at
// path.
func (ms markers) under(path string) markers {
	tooDeep := false
	moved := ms.mapped(func(m Marker) Marker {
		joined := fieldpath.Join(path, m.Path)
		if _, ok := fieldpath.Scan(joined); !ok { // too deep or too long to be said
			m = Marker{State: Partial, Reason: m.Reason, Source: m.Source}
			joined, tooDeep = path, true
		}
		if m.Path = joined; strings.Contains(path, "[*]") {
			m.Total = 0 // of one of several lists
		}
		return m
	})
	if tooDeep {
		return moved.normal() // several may say the same now
	}
	return moved
}

// received returns the markers as they are one hop further away.
func (ms markers) received() markers {
	return ms.mapped(func(m Marker) Marker {
		if m.Source.Hops++; m.Source.Hops > MaxHops {
			m.Source = Source{Hops: MaxHops}
		}
		return m
	})
}

// collapsed returns the markers with those of single values of a map merged: one for all of
// a map that say the same. They are gathered before they are put in order, since to unite
// them one by one would copy the keys each time.
func (ms markers) collapsed() markers {
	first := slices.IndexFunc(ms, func(m Marker) bool { return strings.HasSuffix(m.Path, `"]`) })
	if first < 0 {
		return ms
	}
	kept, groups := slices.Clone(ms[:first]), map[claim]int{}
	for i := range ms[first:] {
		m := &ms[first+i]
		if !strings.HasSuffix(m.Path, `"]`) {
			kept = append(kept, *m)
			continue
		}
		path, _ := fieldpath.Scan(m.Path)
		n := path.Len() - 1
		of := claim{path: path.Head(n), state: m.State, reason: m.Reason}
		at, ok := groups[of]
		if !ok {
			at, groups[of] = len(kept), len(kept)
			kept = append(kept, Marker{
				Path: fieldpath.Elements(of.path), State: m.State, Reason: m.Reason,
				Keys: make([]string, 0, min(len(ms)-first-i, MaxKeys)),
			})
		}
		kept[at].addValue(path.Step(n).Name(), m)
	}
	return kept.normal()
}

// stripped returns the markers without what is for operators.
func (ms markers) stripped() markers {
	return ms.mapped(func(m Marker) Marker {
		m.Source = Source{}
		return m
	}).normal()
}

// unnamed returns the markers without the names of elements. Their count stays.
func (ms markers) unnamed() markers {
	return ms.mapped(func(m Marker) Marker {
		m.Keys = nil
		return m
	}).normal()
}

// mapped returns the markers, each changed.
func (ms markers) mapped(change func(Marker) Marker) markers {
	changed := make(markers, len(ms))
	for i, m := range ms {
		changed[i] = change(m)
	}
	return changed
}

// order sorts markers by their places: they are large, and keep their order if they say
// the same.
type order struct {
	markers markers
	at      []int32
}

// Len returns how many there are.
func (o order) Len() int { return len(o.at) }

// Less reports whether one comes before another.
func (o order) Less(i, j int) bool {
	a, b := o.at[i], o.at[j]
	if o.markers[a].claims(&o.markers[b]) {
		return a < b
	}
	return o.markers[a].precedes(&o.markers[b])
}

// Swap exchanges two.
func (o order) Swap(i, j int) { o.at[i], o.at[j] = o.at[j], o.at[i] }
