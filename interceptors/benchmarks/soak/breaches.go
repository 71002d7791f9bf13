package main

import (
	"errors"
	"fmt"
	"sync"
)

// maxBreaches is how many breaches are kept; the rest are counted.
const maxBreaches = 20

// breaches is what did not hold. It is safe for concurrent use. The zero value has none.
type breaches struct {
	mu     sync.Mutex
	found  []error
	beyond int
	// stop is called at the first breach. Nil: nothing is.
	stop func()
}

// add notes that a promise did not hold.
func (b *breaches) add(promise, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.found) == maxBreaches {
		b.beyond++
		return
	}
	b.found = append(b.found, fmt.Errorf("%s: %s", promise, fmt.Sprintf(format, args...)))
	if b.stop != nil {
		b.stop()
	}
}

// any reports whether there are breaches.
func (b *breaches) any() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.found) > 0
}

// err returns the breaches, joined, or nil.
func (b *breaches) err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.beyond > 0 {
		return errors.Join(append(b.found, fmt.Errorf("and %d more", b.beyond))...)
	}
	return errors.Join(b.found...)
}
