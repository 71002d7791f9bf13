package trial

import (
	"testing"
	"time"
)

// Untouched fails the test if a guard opened a circuit, refused a call or still has a place
// taken, once all calls have ended.
func Untouched(t *testing.T, guards ...*Guard) {
	t.Helper()
	for _, g := range guards {
		if opened, refused := g.Opened(), g.Refused(); len(opened)+len(refused) > 0 {
			t.Errorf("circuits opened: %q, calls refused: %q; want none", opened, refused)
		}
		NothingHeld(t, g)
	}
}

// NothingHeld fails the test if a guard has a place taken once all calls have ended.
func NothingHeld(t *testing.T, g *Guard) {
	t.Helper()
	if n := g.HeldAtLast(30 * time.Second); n > 0 {
		t.Errorf("%d places are taken; want none", n)
	}
}
