package fanout

import (
	"slices"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// elementMarks are the markers on elements as a whole: one for all elements that have the
// same state for the same reason, so that there are few, however many elements there are.
type elementMarks[K any] struct {
	path string         // of the elements
	name func(K) string // nil: elements have no names
	all  []degrade.Marker
}

// count marks n more elements as m says, without their names.
func (e *elementMarks[K]) count(m degrade.Marker, n int) *degrade.Marker {
	at := slices.IndexFunc(e.all, func(o degrade.Marker) bool { return o.State == m.State && o.Reason == m.Reason })
	if at < 0 {
		m.Path, m.Keys, m.Count, m.Total = e.path, nil, 0, 0
		at, e.all = len(e.all), append(e.all, m)
	}
	same := &e.all[at]
	same.Age, same.Count = max(same.Age, m.Age), same.Count+n
	if same.Source == (degrade.Source{}) {
		same.Source = m.Source
	}
	return same
}

// mark marks the elements with these keys as m says. It asks for no more names than a
// marker may have.
func (e *elementMarks[K]) mark(m degrade.Marker, keys ...K) {
	if len(keys) == 0 {
		return
	}
	same := e.count(m, len(keys))
	if e.name == nil {
		return
	}
	for _, k := range keys {
		if len(same.Keys) == degrade.MaxKeys {
			return
		}
		if name := e.name(k); len(name) <= degrade.MaxKeyBytes { // others are too long to be sent
			same.Keys = append(same.Keys, name)
		}
	}
}

// report returns the markers, on some of so many elements, as a report.
func (e *elementMarks[K]) report(total int) degrade.Report {
	for i := range e.all {
		e.all[i].Total = total
	}
	return degrade.NewReport(e.all...)
}
