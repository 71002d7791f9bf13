package degrade

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
)

// markers is a list of markers. Its methods return new lists.
type markers []Marker

// normal returns the markers ordered by path and, for one path, the worst
// first. Markers that say the same are merged, and those within a missing field
// are left out.
func (ms markers) normal() markers {
	if len(ms) == 0 {
		return nil
	}
	sorted := slices.Clone(ms)
	sort.SliceStable(sorted, func(i, j int) bool { // the generic one makes every program 10 KB larger
		a, b := &sorted[i], &sorted[j]
		return cmp.Or(
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(b.State.severity(), a.State.severity()),
			cmp.Compare(a.Reason, b.Reason),
		) < 0
	})
	kept, missing := sorted[:0], map[string]bool{}
	for _, m := range sorted {
		switch n := len(kept); {
		case n > 0 && kept[n-1].claims(m):
			kept[n-1] = kept[n-1].united(m)
		case !withinAny(missing, m.Path):
			kept = append(kept, m)
			// That some elements are missing says nothing about the others.
			missing[m.Path] = missing[m.Path] || m.State == Missing && !strings.Contains(m.Path, "[*]")
		}
	}
	return slices.Clip(kept)
}

// withinAny reports whether path lies within one of the paths that are true.
func withinAny(paths map[string]bool, path string) bool {
	if path != "" && paths[""] {
		return true
	}
	for i := range len(path) {
		// A cut within a key is not a path, so it is not among them.
		if (path[i] == '.' || path[i] == '[') && paths[path[:i]] {
			return true
		}
	}
	return false
}

// with returns the markers with those of others that say something new.
func (ms markers) with(others markers) markers {
	all := slices.Clone(ms)
	for _, m := range others {
		if !slices.ContainsFunc(ms, m.claims) {
			all = append(all, m)
		}
	}
	return all.normal()
}

// nearest returns the worst of the markers that are nearest above the field, or
// at it, and whether there is one.
func (ms markers) nearest(field fieldpath.Path) (nearest Marker, ok bool) {
	depth := 0
	for _, m := range ms {
		p := m.seenFrom(field)
		if p.side != above {
			continue
		}
		if !ok || p.depth > depth || p.depth == depth && m.State.severity() > nearest.State.severity() {
			nearest, depth, ok = m, p.depth, true
		}
	}
	return nearest, ok
}

// anyWithin reports whether a marker lies within the field.
func (ms markers) anyWithin(field fieldpath.Path) bool {
	return slices.ContainsFunc(ms, func(m Marker) bool { return m.seenFrom(field).side == within })
}

// about returns the markers at the field, within it and above it.
func (ms markers) about(field fieldpath.Path) markers {
	return slices.DeleteFunc(slices.Clone(ms), func(m Marker) bool { return m.seenFrom(field).side == elsewhere })
}

// under returns the markers for a message that has the response as its field at
// path.
func (ms markers) under(path string) markers {
	tooDeep := false
	moved := ms.mapped(func(m Marker) Marker {
		joined := fieldpath.Join(path, m.Path)
		if fieldpath.Check(joined) != nil { // too deep or too long to be said
			m = Marker{State: Partial, Reason: m.Reason, Source: m.Source}
			joined, tooDeep = path, true
		}
		m.Path = joined
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

// collapsed returns the markers with those of single values of a map merged.
func (ms markers) collapsed() markers {
	return ms.mapped(func(m Marker) Marker {
		steps, err := fieldpath.Parse(m.Path)
		if n := len(steps) - 1; err == nil && n > 0 && steps[n].Kind == fieldpath.KeyStep {
			m.Path, m.Keys, m.Count = fieldpath.Elements(steps[:n].String()), []string{steps[n].Name}, 1
		}
		return m
	}).normal()
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

// bySeverity returns the markers with the worst first.
func (ms markers) bySeverity() markers {
	sorted := slices.Clone(ms)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].State.severity() > sorted[j].State.severity() })
	return sorted
}

// mapped returns the markers, each changed.
func (ms markers) mapped(change func(Marker) Marker) markers {
	changed := make(markers, len(ms))
	for i, m := range ms {
		changed[i] = change(m)
	}
	return changed
}
