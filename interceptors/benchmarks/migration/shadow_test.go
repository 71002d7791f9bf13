package migration

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// transitions are the causes of changes of state.
type transitions struct {
	policy.NopObserver

	causes []string
}

func (s *transitions) Transition(t policy.Transition) { s.causes = append(s.causes, t.To+": "+t.Cause) }

func TestShadowTellsAndRefusesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &backend{answer: well}
		var seen transitions
		opts, err := watchInside(withFailsafe(), &seen)
		if err != nil {
			t.Fatal(err)
		}
		do := callsOf(b.connect(t, opts...))
		b.be(down)
		for range 19 { // one less than failsafe-go opens at
			reaches(t, b, do.bare, errDown)
		}
		if want := []string{"open: consecutive_failures"}; !slices.Equal(seen.causes, want) {
			t.Errorf("heard %q; want %q", seen.causes, want)
		}
	})
}
