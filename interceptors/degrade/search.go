package degrade

import "github.com/afloat-go/afloat/interceptors/internal/fieldpath"

// field is a field of a response, or one element of it.
type field struct {
	path    fieldpath.Path
	element string // its name or key
	single  bool   // only that element
}

// fieldAt returns the field at path, and whether path is well formed.
func fieldAt(path string) (field, bool) {
	p, ok := fieldpath.Scan(path)
	return field{path: p}, ok
}

// len returns the number of steps to the field.
func (f *field) len() int {
	if f.single {
		return f.path.Len() + 1
	}
	return f.path.Len()
}

// step returns the i-th step to the field.
func (f *field) step(i int) fieldpath.Step {
	if i == f.path.Len() {
		return fieldpath.KeyNamed(f.element)
	}
	return f.path.Step(i)
}

// general reports whether the field is about all elements of a list or all values of a
// map.
func (f *field) general() bool {
	for i := range f.path.Len() {
		if f.path.Step(i).Kind == fieldpath.AllStep {
			return true
		}
	}
	return false
}

// search finds what markers say of a field. It follows the steps of the field through
// markers in normal order, in which those with the same first steps are next to each
// other. So it need not take their paths apart, and allocates nothing.
type search struct {
	markers markers
	field   field
	// keyed: it looks, where the field is about all values of a map, also for markers of
	// single ones. They say nothing of all of them, but lie within.
	keyed bool

	// found is the worst of the markers that are nearest above the field or at it, nil if
	// there is none, and depth how near it is.
	found *Marker
	depth int
	// within: a marker lies within the field.
	within bool
}

// way is how far a search has come.
type way struct {
	// from and to bound the markers that the steps so far lead to. Of their paths, the
	// same number of bytes is read.
	from, to, read int
	// i is the number of steps so far.
	i int
	// depth is how near markers here are to the field: twice the number of steps, less
	// one for each that is about all values where the field is about one.
	depth int
	// general: the last step is such a step.
	general bool
	// part: they are about a part of the field.
	part bool
}

// run searches all markers.
func (s *search) run() {
	if len(s.markers) == 0 {
		return
	}
	all := way{to: len(s.markers)}
	s.follow(all)
	if s.found == nil && !s.within && s.field.general() {
		s.keyed = true // slower, and seldom needed
		s.follow(all)
	}
}

// concerns reports whether the i-th marker is at the field, within it or above it.
func (s *search) concerns(i int) bool {
	s.keyed, s.found, s.within = true, nil, false
	s.follow(way{from: i, to: i + 1})
	return s.found != nil || s.within
}

// follow goes on from a way to all markers that the field's other steps lead to.
func (s *search) follow(w way) {
	if w.from == w.to {
		return
	}
	s.look(w)
	if w.i == s.field.len() {
		s.within = s.within || s.found == nil && s.goesOn(w)
		return
	}
	step := s.field.step(w.i)
	s.follow(s.next(w, step))
	switch {
	case step.Kind == fieldpath.KeyStep:
		general := s.next(w, fieldpath.All())
		general.general, general.depth = true, general.depth-1 // one that names the element itself is nearer
		s.follow(general)
	case step.Kind == fieldpath.AllStep && s.keyed:
		s.followKeys(w)
	}
}

// followKeys goes on to the markers of single values of a map.
func (s *search) followKeys(w way) {
	keys := s.next(w, fieldpath.AnyKey())
	for i := keys.from; i < keys.to && !s.within; i++ {
		size := fieldpath.KeySize(s.markers[i].Path[w.read:])
		s.follow(way{from: i, to: i + 1, read: w.read + size, i: w.i + 1, part: true})
	}
}

// look considers the markers that are just where a way has come to. They are the first.
func (s *search) look(w way) {
	for i := w.from; i < w.to && len(s.markers[i].Path) == w.read; i++ {
		m := &s.markers[i]
		if w.general && !m.mayBe(s.field.step(w.i-1)) {
			continue
		}
		if w.part {
			s.within = true
		} else if s.found == nil || w.depth > s.depth || w.depth == s.depth && m.State.severity() > s.found.State.severity() {
			s.found, s.depth = m, w.depth
		}
		return // the worst is the first
	}
}

// goesOn reports whether there are markers behind a way.
func (s *search) goesOn(w way) bool {
	if w.i == 0 {
		return s.markers[w.to-1].Path != ""
	}
	for _, next := range [...]fieldpath.Step{fieldpath.AnyField(), fieldpath.All(), fieldpath.AnyKey()} {
		if on := s.next(w, next); on.from < on.to {
			return true
		}
	}
	return false
}

// next returns the way that goes one step on. Its markers are found by bisection.
func (s *search) next(w way, step fieldpath.Step) way {
	first, size := s.order(w, w.from, step)
	last := first
	if w.to-w.from > 1 {
		last, _ = s.order(w, w.to-1, step)
	}
	n := way{from: w.from, to: w.to, i: w.i + 1, depth: w.depth + 2, part: w.part}
	switch {
	case first > 0 || last < 0:
		return way{}
	case first < 0:
		n.from = s.bisect(w, step, 0)
		if first, size = s.order(w, n.from, step); first > 0 {
			return way{}
		}
	}
	if last > 0 {
		n.to = s.bisect(way{from: n.from + 1, to: w.to, read: w.read}, step, 1)
	}
	n.read = w.read + size
	return n
}

// order compares what is left of the i-th marker's path with a step.
func (s *search) order(w way, i int, step fieldpath.Step) (order, size int) {
	return step.Order(s.markers[i].Path[w.read:])
}

// bisect returns the first marker whose order is at least so large. There is one.
func (s *search) bisect(w way, step fieldpath.Step, least int) int {
	from, to := w.from, w.to-1
	if order, _ := s.order(w, from, step); order >= least {
		return from // often the very next
	}
	for from < to {
		middle := (from + to) / 2
		if order, _ := s.order(w, middle, step); order >= least {
			to = middle
		} else {
			from = middle + 1
		}
	}
	return from
}
