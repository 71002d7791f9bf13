package script_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
)

// A phase that failed while the machine was busy is played again, but not for
// ever, and not if the machine had nothing to do with it.
func TestDisturbedPhasesArePlayedAgain(t *testing.T) {
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
		{"disturbed for ever", slices.Repeat([]script.Result{busy}, 7), 6, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var played, rested int
			var out strings.Builder
			err := script.NewRunner(&out).Run(t.Context(), script.Act{
				Phases: []script.Phase{{Name: "outage", Play: func(context.Context) (script.Result, error) {
					played++
					return c.plays[played-1], nil
				}}},
				Rest: func(context.Context) error {
					rested++
					return nil
				},
			})
			if played != len(c.plays) || rested != c.repeat || strings.Count(out.String(), "held everybody up") != c.repeat {
				t.Errorf("played %d times, rested %d times; want %d and %d\n%s", played, rested, len(c.plays), c.repeat, &out)
			}
			if errors.Is(err, script.ErrUnmet) != c.unmet || c.unmet && !strings.HasPrefix(err.Error(), "not met: outage: all is lost") {
				t.Errorf("error = %v; want ErrUnmet: %v", err, c.unmet)
			}
			if blamed := err != nil && strings.Contains(err.Error(), "may be to blame"); blamed != (c.repeat == 6) {
				t.Errorf("error = %v; the machine is to blame: %v", err, blamed)
			}
		})
	}
}

// Every act is played, whatever was not met in one before, and the repeats are for all of
// them together.
func TestAllActsAreTold(t *testing.T) {
	t.Parallel()
	played := map[string]int{}
	act := func(name string) script.Act {
		return script.Act{
			Head: "head of " + name + "\n",
			Phases: []script.Phase{{Name: name, Play: func(context.Context) (script.Result, error) {
				played[name]++
				return script.Result{Unmet: []error{errors.New("bad")}, Late: time.Second}, nil
			}}},
			Rest: func(context.Context) error { return nil },
		}
	}
	var out strings.Builder
	err := script.NewRunner(&out).Run(t.Context(), act("first"), act("second"))
	if played["first"] != 7 || played["second"] != 1 {
		t.Errorf("played %v; want the first seven times and the second once", played)
	}
	for _, want := range []string{"not met: first: bad", "not met: second: bad"} {
		if !errors.Is(err, script.ErrUnmet) || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v; want ErrUnmet with %q", err, want)
		}
	}
	if !strings.HasPrefix(out.String(), "head of first\n") || !strings.Contains(out.String(), "head of second\n") {
		t.Errorf("played:\n%s", &out)
	}
}

// An error that is no unmet expectation ends the story.
func TestAPhaseThatCannotBePlayed(t *testing.T) {
	t.Parallel()
	errDown := errors.New("the system is down")
	later := 0
	phase := func(name string, err error) script.Phase {
		return script.Phase{Name: name, Play: func(context.Context) (script.Result, error) {
			later++
			return script.Result{}, err
		}}
	}
	err := script.NewRunner(&strings.Builder{}).Run(t.Context(),
		script.Act{Phases: []script.Phase{phase("outage", errDown), phase("later", nil)}},
		script.Act{Phases: []script.Phase{phase("much later", nil)}})
	if !errors.Is(err, errDown) || errors.Is(err, script.ErrUnmet) || later != 1 || !strings.Contains(err.Error(), `"outage"`) {
		t.Errorf("error = %v, %d phases played; want that of the phase, named, and no more", err, later)
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
		err := script.NewRunner(&broken{writes}).Run(t.Context(), script.Act{Phases: []script.Phase{
			{Play: func(context.Context) (script.Result, error) { return script.Result{}, nil }},
		}})
		if !errors.Is(err, errBroken) {
			t.Errorf("after %d writes: error = %v; want that of the writer", writes, err)
		}
	}
}
