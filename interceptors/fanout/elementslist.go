package fanout

import (
	"sync"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// list is the elements in the order of their keys.
type list[Req, K, T any] struct {
	err error // of the keys
	// keys are those of the elements that may be asked for. beyond is how many more
	// there are: nothing else of them is kept.
	keys   []K
	beyond int
	// asked are the elements themselves. Empty: there was no time to ask for any.
	asked []askedElement[Req, K, T]
	// next is the first element that was not started, pending how many have not ended.
	next, pending atomic.Int64

	// closed: elements that end now have not arrived in time. It is set before mu is
	// taken, so that those who wait for it have nothing to do.
	closed atomic.Bool
	mu     sync.Mutex
	// within is what the elements that have arrived report of the fields within them. They
	// add it themselves, so that little is left to do when the time is over.
	within degrade.Accumulator
}

// admit takes the keys: at most so many are those of elements to ask for.
func (l *list[Req, K, T]) admit(keys []K, most int) {
	n := min(len(keys), most)
	l.keys, l.beyond = keys[:n:n], len(keys)-n
}

// arrive notes that an element has an answer, with the report on that, if it is in time.
func (l *list[Req, K, T]) arrive(e *askedElement[Req, K, T], r degrade.Report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed.Load() {
		return
	}
	e.whole = l.within.Add(r)
	e.ended.Store(true)
}

// close returns what the elements that have arrived report of the fields within them.
func (l *list[Req, K, T]) close(path string) degrade.Report {
	l.closed.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.within.Report(path)
}

// started returns the elements that were started.
func (l *list[Req, K, T]) started() []askedElement[Req, K, T] {
	return l.asked[:min(int(l.next.Load()), len(l.asked))]
}
