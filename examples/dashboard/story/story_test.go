package story

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/system"
)

// inMemory says that the system is to run in virtual time.
func inMemory(t *testing.T, guarded bool) system.Config {
	t.Helper()
	return system.Config{Network: system.InMemory{}, Folder: t.TempDir(), Guarded: guarded}
}

// tellInMemory tells the beginning of the story in virtual time: half a second
// in health, a sick phase, and the given number of phases more. It returns what
// it printed.
func tellInMemory(t *testing.T, cfg Config, more int) (string, error) {
	t.Helper()
	s, err := system.Start(t.Context(), cfg.System)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPlayer(t.Context(), s, cfg.Rate)
	if err != nil {
		t.Fatal(err)
	}
	healthy := &Figures{}
	phases := script(cfg, healthy)[:2+more]
	phases[0].lasts = 500 * time.Millisecond
	for i := range phases[2:] {
		phases[2+i].lasts = 2300 * time.Millisecond // long enough for the last second to be whole
	}
	var out strings.Builder
	teller := &teller{out: &out, play: p.play}
	err = teller.tell(t.Context(), cfg, phases, healthy)
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	return out.String(), err
}

func TestStoryWithTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, err := tellInMemory(t, Config{Rate: MinRate, Phase: MinPhase, System: inMemory(t, true)}, 1)
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// Without the guard the story must fail, at the phase in which a backend is
// sick and at no other.
func TestStoryWithoutTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, err := tellInMemory(t, Config{Rate: MinRate, Phase: time.Second / 2, System: inMemory(t, false)}, 0)
		if !errors.Is(err, ErrUnmet) {
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

func TestStoryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		err := Run(ctx, Config{Rate: MinRate, Phase: MinPhase, System: inMemory(t, true)}, &strings.Builder{})
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnmet) {
			t.Errorf("error = %v; want DeadlineExceeded", err)
		}
	})
}
