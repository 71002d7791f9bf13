package pages

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// tellInMemory tells the act in virtual time, or the given phases of it, and returns what
// it printed.
func tellInMemory(t *testing.T, guarded bool, phases ...int) (string, error) {
	t.Helper()
	folder := t.TempDir()
	rules, err := system.CopyRules("../../../rules.yaml", folder)
	if err != nil {
		t.Fatal(err)
	}
	s, err := system.Start(t.Context(), system.Config{Network: system.InMemory{}, Folder: folder, Rules: rules, Guarded: guarded})
	if err != nil {
		t.Fatal(err)
	}
	act, err := Act(t.Context(), s, Config{Rate: MinRate, Phase: MinPhase})
	if err != nil {
		t.Fatal(err)
	}
	if len(phases) > 0 {
		all := act.Phases
		act.Phases = nil
		for _, n := range phases {
			act.Phases = append(act.Phases, all[n])
		}
	}
	var out strings.Builder
	err = script.NewRunner(&out).Run(t.Context(), act)
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	return out.String(), err
}

func TestActWithTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, err := tellInMemory(t, true)
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		for _, want := range []string{"rules.yaml:59:15: rules[8].breaker.slow_afer", "the circuit was open before, and "} {
			if !strings.Contains(out, want) {
				t.Errorf("the act does not say %q:\n%s", want, out)
			}
		}
	})
}

// Without the guard the act must fail, at the phases in which a backend is sick and at no
// other: nothing keeps pages from users that are well again.
func TestActWithoutTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, err := tellInMemory(t, false, 0, 1, 10, 11)
		if !errors.Is(err, script.ErrUnmet) {
			t.Fatalf("error = %v; want ErrUnmet\n%s", err, out)
		}
		for _, want := range []string{
			"calls that reached recommendations = 200 of 200", "p50 = 400.0 ms", "users fails: 200 of 200 requests failed",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error does not say %q:\n%v", want, err)
			}
		}
		for line := range strings.Lines(err.Error()) {
			if !strings.HasPrefix(line, "not met: recommendations hangs: ") && !strings.HasPrefix(line, "not met: users fails: ") {
				t.Errorf("unexpected: %s", line)
			}
		}
	})
}
