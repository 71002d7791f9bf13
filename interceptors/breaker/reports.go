package breaker

import "github.com/afloat-go/afloat/interceptors/policy"

// reports hands transitions to the observer in order and outside the lock. One
// goroutine at a time delivers; what others queue meanwhile, or the observer
// itself by using the breaker, it delivers too.
type reports struct {
	queued     []policy.Transition
	delivering bool
}

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

// deliver hands over all queued transitions. The lock must not be held.
func (b *Breaker) deliver() {
	for {
		b.mu.Lock()
		batch := b.reports.takeLocked()
		b.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		b.hand(batch)
	}
}

// hand calls the observer. An observer that ends the goroutine must not stop
// the reports of others.
func (b *Breaker) hand(batch []policy.Transition) {
	defer func() {
		b.mu.Lock()
		b.reports.delivering = false
		b.mu.Unlock()
	}()
	for _, t := range batch {
		b.observer.Transition(t)
	}
}
