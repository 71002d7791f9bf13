package degrade

import (
	"slices"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
)

// Unreachable returns the names of those elements of the repeated field at path, or the
// keys of those values of the map at path, that could not be had: they are marked as
// [Missing], or in a way that is not known. It is for responses that list what was not
// reached, as AIP-217 describes it ("repeated string unreachable"). Elements that are old,
// or that something stands in for, were reached. The names are in order, and none is there
// twice.
//
// It also returns whether these are all. They are not if elements without a name are
// missing, if the whole field is or what it is in, if one of these is degraded in a way
// that is not said, if nothing is known, and if path is malformed.
func Unreachable(r Report, path string) (names []string, all bool) {
	f, ok := fieldAt(path)
	if !ok {
		return nil, false
	}
	all = r.known && !r.truncated
	for _, m := range r.markers.about(f) {
		lost := m.State == Missing || m.State == Unknown
		switch {
		case m.Path == path || !fieldpath.Covers(path, m.Path):
			all = all && !lost && m.State != Partial
		case !lost:
		case m.Path == fieldpath.Elements(path):
			names = append(names, m.Keys...)
			all = all && len(m.Keys) > 0 && m.Count == len(m.Keys)
		default:
			names = append(names, m.keyAt(f.path.Len())...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), all
}
