package endtoend_test

import (
	"sync"
	"testing"
	"time"
)

// patience is how long anything may take.
const patience = 2 * time.Minute

// news wakes who waits for something to happen.
type news struct {
	mu      sync.Mutex
	changed chan struct{} // closed, and made anew, at every change
}

func newNews() *news { return &news{changed: make(chan struct{})} }

// change makes a change and wakes who waits for one.
func (n *news) change(it func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	it()
	close(n.changed)
	n.changed = make(chan struct{})
}

// await looks again after every change, until it has seen what it looks for. It says
// what that is if it never comes.
func (n *news) await(t *testing.T, what string, seen func() bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		n.mu.Lock()
		ok, changed := seen(), n.changed
		n.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-late.C:
			t.Fatalf("never: %s", what)
		}
	}
}
