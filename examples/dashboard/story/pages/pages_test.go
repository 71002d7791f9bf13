package pages

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/story/script"
	"github.com/afloat-go/afloat/examples/dashboard/system"
)

// tellInMemory tells the beginning of the act in virtual time: half a second
// in health, a sick phase, and the given number of phases more. It returns what
// it printed.
func tellInMemory(t *testing.T, guarded bool, cfg Config, more int) (string, error) {
	t.Helper()
	s, err := system.Start(t.Context(), system.Config{Network: system.InMemory{}, Folder: t.TempDir(), Guarded: guarded})
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPlayer(t.Context(), s, cfg.Rate)
	if err != nil {
		t.Fatal(err)
	}
	phases := phasesOf(cfg, &p.healthy)[:2+more]
	phases[0].lasts = 500 * time.Millisecond
	for i := range phases[2:] {
		phases[2+i].lasts = 2300 * time.Millisecond // long enough for the last second to be whole
	}
	var out strings.Builder
	err = script.NewTeller(&out).Tell(t.Context(), p.act(phases))
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	return out.String(), err
}

func TestActWithTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, err := tellInMemory(t, true, Config{Rate: MinRate, Phase: MinPhase}, 1)
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// Without the guard the act must fail, at the phase in which a backend is
// sick and at no other.
func TestActWithoutTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, err := tellInMemory(t, false, Config{Rate: MinRate, Phase: time.Second / 2}, 0)
		if !errors.Is(err, script.ErrUnmet) {
			t.Fatalf("error = %v; want ErrUnmet\n%s", err, out)
		}
		for _, want := range []string{"calls that reached recommendations = 20 of 20", "p50 = 715.0 ms"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error does not say %q:\n%v", want, err)
			}
		}
		for line := range strings.Lines(err.Error()) {
			if !strings.HasPrefix(line, "not met: recommendations hangs: ") {
				t.Errorf("unexpected: %s", line)
			}
		}
	})
}
