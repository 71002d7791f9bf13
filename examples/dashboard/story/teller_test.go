package story

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// A phase that failed while the machine was busy is told again, but not for
// ever, and not if the machine had nothing to do with it.
func TestDisturbedPhasesAreToldAgain(t *testing.T) {
	t.Parallel()
	good := calmFigures()
	bad := calmFigures()
	bad.Full = 100
	busy := bad
	busy.Late = disturbance
	busyButGood := good
	busyButGood.Late = time.Second
	for _, c := range []struct {
		name   string
		plays  []Figures
		told   int
		repeat int
		unmet  bool
	}{
		{"good", []Figures{good}, 1, 0, false},
		{"good, though disturbed", []Figures{busyButGood}, 1, 0, false},
		{"bad by itself", []Figures{bad}, 1, 0, true},
		{"disturbed once", []Figures{busy, good}, 2, 1, false},
		{"disturbed, then bad by itself", []Figures{busy, bad}, 2, 1, true},
		{"disturbed for ever", []Figures{busy, busy, busy, busy, busy}, 5, 4, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var told, calm int
			var out strings.Builder
			teller := &teller{out: &out, repeats: maxRepeats, play: func(_ context.Context, p phase) (Figures, error) {
				if p.name == "" {
					calm++
					return calmFigures(), nil
				}
				told++
				return c.plays[told-1], nil
			}}
			err := teller.tell(t.Context(), config(), []phase{phases()["healthy"]}, &Figures{})
			if told != c.told || calm != c.repeat || strings.Count(out.String(), "held the client up") != c.repeat {
				t.Errorf("told %d times, %d times calm; want %d and %d\n%s", told, calm, c.told, c.repeat, &out)
			}
			if errors.Is(err, ErrUnmet) != c.unmet {
				t.Errorf("error = %v; want ErrUnmet: %v", err, c.unmet)
			}
			if blamed := err != nil && strings.Contains(err.Error(), "may be to blame"); blamed != (c.told > maxRepeats) {
				t.Errorf("error = %v; the machine is to blame: %v", err, blamed)
			}
		})
	}
}

// broken is a place that cannot be written to.
type broken struct{}

var errBroken = errors.New("broken")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestAReportThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	teller := &teller{out: broken{}}
	if err := teller.tell(t.Context(), config(), nil, &Figures{}); !errors.Is(err, errBroken) {
		t.Errorf("error = %v; want that of the writer", err)
	}
}
