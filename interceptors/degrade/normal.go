package degrade

import (
	"cmp"
	"slices"
	"strings"
)

// normal returns the markers ordered by path and, for one path, the worst
// first. Markers that say the same are merged, and those within a missing field
// are left out. It does not change its argument.
func normal(markers []Marker) []Marker {
	if len(markers) == 0 {
		return nil
	}
	sorted := slices.Clone(markers)
	slices.SortStableFunc(sorted, func(a, b Marker) int {
		return cmp.Or(
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(b.State.severity(), a.State.severity()),
			cmp.Compare(a.Reason, b.Reason),
		)
	})
	kept, missing := sorted[:0], map[string]bool{}
	for _, m := range sorted {
		switch n := len(kept); {
		case n > 0 && sameClaim(kept[n-1], m):
			kept[n-1] = united(kept[n-1], m)
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

// sameClaim reports whether two markers say the same apart from details.
func sameClaim(a, b Marker) bool {
	return a.Path == b.Path && a.State == b.State && a.Reason == b.Reason
}

// united merges two markers that say the same: it has the elements of both and
// the greater age.
func united(a, b Marker) Marker {
	if b.Age > a.Age {
		a.Age = b.Age
	}
	keys, both := slices.Clone(a.Keys), 0
	for _, k := range b.Keys {
		switch {
		case slices.Contains(a.Keys, k):
			both++
		case len(keys) < MaxKeys:
			keys = append(keys, k)
		}
	}
	a.Keys, a.Count = keys, plus(a.Count, b.Count-both)
	if a.Source == (Source{}) {
		a.Source = b.Source
	}
	return a
}
