package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

// of is the case that this process is a child for, if it is one.
var of struct{ helper, name string }

// TestMain lets the tests run cases in processes of their own, as the program does,
// but in virtual time.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "-child" {
		of.helper, of.name = os.Args[2], os.Args[4]
		os.Args = []string{os.Args[0], "-test.run=^TestChild$"}
	}
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0") // children need not wait
	os.Exit(m.Run())
}

// TestChild runs the case that its process is for.
func TestChild(t *testing.T) { //nolint:paralleltest // it is alone in its process
	if of.helper == "" {
		t.Skip("this is not a process for a case")
	}
	synctest.Test(t, func(t *testing.T) {
		if err := child(os.Stdout, of.helper, of.name); err != nil {
			t.Fatal(err)
		}
		if of.helper != "afloat" {
			os.Exit(0) // what others leave behind for ever would fail the test here
		}
	})
}

// The table of the program, in virtual time: a plan alone is back by the deadline with
// all that is good, in every case, and lives.
func TestWhatComesOfEachCase(t *testing.T) {
	t.Parallel()
	// Of a source that fails, is deaf, panics, panics late. Those that wait for one
	// that panics late may or may not return before they die of it.
	want := map[string][]string{
		"afloat":                   {"5ms, 2 of 2", "45ms, 2 of 2", "5ms, 2 of 2", "45ms, 2 of 2"},
		"errgroup":                 {"0ms, 0 of 2", "400ms, 2 of 2", "dies", "dies"},
		"conc":                     {"5ms, 2 of 2", "400ms, 2 of 2", "dies", "dies"},
		"go-zero mr":               {"5ms, 2 of 2", "50ms, 0 of 2", "dies", "50ms, 0 of 2"},
		"failsafe-go in errgroup":  {"5ms, 2 of 2", "400ms, 2 of 2", "dies", "dies"},
		"channels, by hand":        {"5ms, 2 of 2", "50ms, 2 of 2", "dies", "50ms, 2 of 2, then dies"},
		"map and channel, by hand": {"5ms, 2 of 2", "50ms, 2 of 2", "dies", "50ms, 2 of 2, then dies"},
	}
	for _, h := range helpers() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			for i, c := range cases() {
				r, err := parent(t.Context(), h.name, c.name)
				if err != nil || !strings.HasSuffix(r.String(), want[h.name][i]) {
					t.Errorf("third source %s: %v, %v; want %s", c.name, r, err, want[h.name][i])
				}
			}
		})
	}
}

// What is there at the end of the time is kept, each time; one select after the other
// keeps it now and then.
func TestWhatIsThereIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		plan := retained(t.Context(), helper{gather: afloat}, retentionRuns)
		byHand := retained(t.Context(), helper{gather: channels}, retentionRuns)
		if plan != retentionRuns || byHand > retentionRuns/2 {
			t.Errorf("all kept in %d and, by hand, %d of %d runs", plan, byHand, retentionRuns)
		}
		time.Sleep(time.Second) // until the last sources have ended
	})
}

// With its deadline, scopes and caps a plan allocates less than an errgroup that has
// none of them.
func TestAPlanAllocatesLessThanAnErrgroup(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, n := range []int{3, 10, 100} {
		samples, err := costSamples(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		measure.Run(samples, 1, time.Millisecond)
		if plan, group := samples[0].Allocs(), samples[2].Allocs(); plan >= group {
			t.Errorf("%d sources: %v allocations; an errgroup: %v", n, plan, group)
		}
	}
}

func TestBadFlagsAreNamed(t *testing.T) {
	t.Parallel()
	if err := (effort{0, time.Second}).validate(); err == nil || err.Error() != "flag -rounds = 0; must be in [1, 1000]" {
		t.Errorf("error = %v", err)
	}
	if err := (effort{1, 0}).validate(); err == nil || err.Error() != "flag -slice = 0s; must be in [1ms, 10s]" {
		t.Errorf("error = %v", err)
	}
	if err := child(&bytes.Buffer{}, "nobody", "fails"); err == nil {
		t.Error("an unknown helper was accepted")
	}
}
