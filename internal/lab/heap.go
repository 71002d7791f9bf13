package lab

import "time"

// ends are the calls in flight, ordered by when they end: a heap. Those that end at the
// same time are in the order in which they were sent.
type ends []end

type end struct {
	at     time.Duration
	number uint64
	call   *Call
}

// before reports whether e comes first.
func (e *end) before(f *end) bool { return e.at < f.at || e.at == f.at && e.number < f.number }

// push adds an end.
func (h *ends) push(e end) {
	all := append(*h, e)
	i := len(all) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !e.before(&all[parent]) {
			break
		}
		all[i] = all[parent]
		i = parent
	}
	all[i] = e
	*h = all
}

// next returns when the first one ends, Never if there is none.
func (h ends) next() time.Duration {
	if len(h) == 0 {
		return Never
	}
	return h[0].at
}

// pop removes the first one.
func (h *ends) pop() end {
	all := *h
	first, last := all[0], all[len(all)-1]
	all = all[:len(all)-1]
	*h = all
	if len(all) == 0 {
		return first
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= len(all) {
			break
		}
		if child+1 < len(all) && all[child+1].before(&all[child]) {
			child++
		}
		if !all[child].before(&last) {
			break
		}
		all[i] = all[child]
		i = child
	}
	all[i] = last
	return first
}
