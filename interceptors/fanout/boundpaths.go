package fanout

import (
	"slices"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
)

// boundPaths are the paths of the sources so far. Whether a path overlaps with one of
// them is looked up, so that a plan of many sources is made in the time that these take
// and not in that of all pairs.
type boundPaths struct {
	all []string
	// at has the places in all of each path, within those of the paths that lie within it.
	at, within map[string][]int
}

// newBoundPaths returns room for the paths of so many sources.
func newBoundPaths(sources int) *boundPaths {
	return &boundPaths{
		all: make([]string, 0, sources), at: make(map[string][]int, sources), within: make(map[string][]int, sources),
	}
}

// add adds a path, and returns those before it with which it overlaps: the same, one that
// it lies within, or one that lies within it.
func (b *boundPaths) add(path string) (overlaps []string) {
	places := slices.Clone(b.within[path])
	for ancestor := range fieldpath.Ancestors(path) {
		places = append(places, b.at[ancestor]...)
		if ancestor != path {
			b.within[ancestor] = append(b.within[ancestor], len(b.all))
		}
	}
	slices.Sort(places)
	for _, place := range places {
		overlaps = append(overlaps, b.all[place])
	}
	b.at[path] = append(b.at[path], len(b.all))
	b.all = append(b.all, path)
	return overlaps
}
