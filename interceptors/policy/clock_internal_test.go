package policy

import "testing"

// The bug: a jump of the wall clock moves windows and open times (Hystrix,
// sentinel, resilience4j, Polly, failsafe-go; exaring/hoglet PR #25). Instants
// are counted from a base with a monotonic reading, which time.Since then uses.
func TestInstantsDoNotFollowTheWallClock(t *testing.T) {
	t.Parallel()
	if base == base.Round(0) { //nolint:staticcheck // not the same instant but the same value: Round strips the monotonic reading
		t.Error("the base of instants has no monotonic reading")
	}
}
