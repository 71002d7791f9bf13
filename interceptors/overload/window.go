package overload

import "time"

// window is what was measured in one interval, or in several where little happened.
type window struct {
	elapsed  time.Duration
	ended    int           // calls whose end was seen
	took     time.Duration // by those of them that ended well, in all
	good     int           // those that ended well
	shed     int           // those that the server refused
	inFlight float64       // on average, when calls came
	most     int           // at most
	all      time.Duration // that those took whose end was seen, well or not
	came     [classes]int  // calls of each class
	waited   int           // calls that met no free place
	budget   time.Duration // that calls can spend on waiting
}

// add adds a later window.
func (w *window) add(o window) {
	total := w.elapsed + o.elapsed
	if total > 0 {
		w.inFlight = (w.inFlight*float64(w.elapsed) + o.inFlight*float64(o.elapsed)) / float64(total)
	}
	w.elapsed = total
	w.ended += o.ended
	w.took += o.took
	w.all += o.all
	w.good += o.good
	w.shed += o.shed
	w.most = max(w.most, o.most)
	w.waited += o.waited
	w.budget = o.budget
}

// rate returns how many calls ended well per second.
func (w *window) rate() float64 {
	if w.elapsed <= 0 {
		return 0
	}
	return float64(w.good) / w.elapsed.Seconds()
}

// mean returns what a call took that ended well, zero if none did.
func (w *window) mean() time.Duration {
	if w.good == 0 {
		return 0
	}
	return w.took / time.Duration(w.good)
}

// hopeless reports whether most calls fail after a time that their deadlines hardly leave
// them.
func (w *window) hopeless() bool {
	return w.good*2 < w.ended && w.all > time.Duration(w.ended)*w.budget/4
}

// many reports whether so many calls ended, or in so long, that chance means little.
func (w *window) many() bool {
	return w.ended >= enoughCalls || w.elapsed >= enoughTime && w.ended >= fewCalls || w.elapsed >= 4*enoughTime && w.ended > 0
}
