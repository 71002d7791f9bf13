package overload

import "time"

// fair finds how many calls a client may have in flight to a server that others call too.
// There a trial tells nothing: with fewer places a client gets a smaller share, however many
// places there are in all. So it adds places one by one while calls are answered in good
// time, and takes some of them away when they are not, or when the server refuses many: of
// clients that do so, those with more lose more, until all have the same. It is for one
// goroutine at a time. The zero fair is ready for use.
type fair struct {
	window window
	// least is the least that calls took on average, forgotten slowly; zero if not known.
	least time.Duration
}

// fairTime is between two changes, for all clients alike: who changed more often would end up
// with another share.
const fairTime = 200 * time.Millisecond

// How places are taken away: when calls take too long or many are refused, and when most are
// late.
const (
	lessFair, muchLessFair = 0.9, 0.5
	manyShed               = 10 // one in so many
)

// step takes what happened in an interval, in which all places were taken or not, and returns
// how many there are to be.
func (f *fair) step(places float64, full bool, w window) float64 {
	if f.window.add(w); f.window.elapsed < fairTime || f.window.ended == 0 {
		return places
	}
	m := f.window
	f.window = window{}
	if mean := m.mean(); mean > 0 && (f.least == 0 || mean < f.least) {
		f.least = mean
	}
	f.least += f.least / 4096
	slow := max(m.budget/4, min(f.least*3/2, m.budget*3/4)) // of most clients the same
	used := places                                          // of the places that nobody needs, none is missed
	if m.inFlight >= 1 {
		used = min(places, m.inFlight+1)
	}
	switch {
	case m.hopeless():
		places = used * muchLessFair
	case m.mean() > slow, m.shed*manyShed > m.ended:
		places = used * lessFair
	case full:
		places++
	}
	return min(max(1, places), mostPlaces)
}
