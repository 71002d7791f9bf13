package script_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/story/script"
)

// A phase that failed while the machine was busy is told again, but not for
// ever, and not if the machine had nothing to do with it.
func TestDisturbedPhasesAreToldAgain(t *testing.T) {
	t.Parallel()
	good := script.Result{Row: "row\n"}
	bad := script.Result{Row: "row\n", Unmet: []error{errors.New("all is lost")}}
	busy, busyButGood := bad, good
	busy.Late, busyButGood.Late = 50*time.Millisecond, time.Second
	for _, c := range []struct {
		name   string
		plays  []script.Result
		repeat int
		unmet  bool
	}{
		{"good", []script.Result{good}, 0, false},
		{"good, though disturbed", []script.Result{busyButGood}, 0, false},
		{"bad by itself", []script.Result{bad}, 0, true},
		{"disturbed once", []script.Result{busy, good}, 1, false},
		{"disturbed, then bad by itself", []script.Result{busy, bad}, 1, true},
		{"disturbed for ever", slices.Repeat([]script.Result{busy}, 5), 4, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var told, rested int
			var out strings.Builder
			err := script.NewTeller(&out).Tell(t.Context(), script.Act{
				Phases: []script.Phase{{Name: "outage", Play: func(context.Context) (script.Result, error) {
					told++
					return c.plays[told-1], nil
				}}},
				Rest: func(context.Context) error {
					rested++
					return nil
				},
			})
			if told != len(c.plays) || rested != c.repeat || strings.Count(out.String(), "held the client up") != c.repeat {
				t.Errorf("told %d times, rested %d times; want %d and %d\n%s", told, rested, len(c.plays), c.repeat, &out)
			}
			if errors.Is(err, script.ErrUnmet) != c.unmet || c.unmet && !strings.HasPrefix(err.Error(), "not met: outage: all is lost") {
				t.Errorf("error = %v; want ErrUnmet: %v", err, c.unmet)
			}
			if blamed := err != nil && strings.Contains(err.Error(), "may be to blame"); blamed != (c.repeat == 4) {
				t.Errorf("error = %v; the machine is to blame: %v", err, blamed)
			}
		})
	}
}

// The repeats are for the whole story, not for each act of it.
func TestRepeatsAreForAllActs(t *testing.T) {
	t.Parallel()
	told := 0
	act := script.Act{
		Phases: []script.Phase{{Play: func(context.Context) (script.Result, error) {
			told++
			return script.Result{Unmet: []error{errors.New("bad")}, Late: time.Second}, nil
		}}},
		Rest: func(context.Context) error { return nil },
	}
	teller := script.NewTeller(&strings.Builder{})
	for _, want := range []int{5, 6} {
		if err := teller.Tell(t.Context(), act); !errors.Is(err, script.ErrUnmet) || told != want {
			t.Errorf("told %d times, %v; want %d", told, err, want)
		}
	}
}

// An error that is no unmet expectation ends the act.
func TestAPhaseThatCannotBePlayed(t *testing.T) {
	t.Parallel()
	errDown := errors.New("the system is down")
	later := 0
	err := script.NewTeller(&strings.Builder{}).Tell(t.Context(), script.Act{Phases: []script.Phase{
		{Name: "outage", Play: func(context.Context) (script.Result, error) { return script.Result{}, errDown }},
		{Name: "later", Play: func(context.Context) (script.Result, error) {
			later++
			return script.Result{}, nil
		}},
	}})
	if !errors.Is(err, errDown) || errors.Is(err, script.ErrUnmet) || later != 0 || !strings.Contains(err.Error(), `"outage"`) {
		t.Errorf("error = %v, later phases told: %d; want that of the phase, named, and none", err, later)
	}
}

var errBroken = errors.New("broken")

// broken is a place that can be written to a few times.
type broken struct{ writes int }

func (b *broken) Write(p []byte) (int, error) {
	if b.writes--; b.writes < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestAReportThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for writes := range 2 {
		err := script.NewTeller(&broken{writes}).Tell(t.Context(), script.Act{Phases: []script.Phase{
			{Play: func(context.Context) (script.Result, error) { return script.Result{}, nil }},
		}})
		if !errors.Is(err, errBroken) {
			t.Errorf("after %d writes: error = %v; want that of the writer", writes, err)
		}
	}
}
