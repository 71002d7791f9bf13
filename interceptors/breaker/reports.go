package breaker

import (
	"sync"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// reports are the transitions that the observer has not heard of. It hears of them in
// order and outside the lock. One goroutine at a time delivers; what others queue
// meanwhile, or the observer itself by using the breaker, it delivers too.
type reports struct {
	queued     []policy.Transition
	delivering bool
}

// queueLocked adds a transition.
func (r *reports) queueLocked(t policy.Transition) { r.queued = append(r.queued, t) }

// takeLocked returns what is queued, nothing while somebody else delivers.
func (r *reports) takeLocked() []policy.Transition {
	if r.delivering {
		return nil
	}
	batch := r.queued
	r.queued = nil
	r.delivering = len(batch) > 0
	return batch
}

// deliver hands over all queued transitions. The lock, which guards r, must not be
// held.
func (r *reports) deliver(mu *sync.Mutex, observer policy.Observer) {
	for {
		mu.Lock()
		batch := r.takeLocked()
		mu.Unlock()
		if len(batch) == 0 {
			return
		}
		r.hand(batch, mu, observer)
	}
}

// hand calls the observer. An observer that ends the goroutine must not stop
// the reports of others.
func (r *reports) hand(batch []policy.Transition, mu *sync.Mutex, observer policy.Observer) {
	defer func() {
		mu.Lock()
		r.delivering = false
		mu.Unlock()
	}()
	for _, t := range batch {
		observer.Transition(t)
	}
}
