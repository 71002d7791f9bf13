package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

// quick is enough for allocations.
var quick = measure.Effort{Rounds: 1, Slice: time.Millisecond}

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
// none of them, and what is promised is kept, where that is a number of allocations.
func TestPromisedAllocations(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, part := range []func(context.Context) ([]comparison, func() error, error){plans, collections} {
		all, _, err := part(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			var page measure.Page
			page.Compare(quick, c.title, c.figure, c.systems)
			own := c.systems[2]
			if got := own.Sample.Allocs(); got > own.Goal.Allocs+0.1 {
				t.Errorf("%s: %s: %v allocations; want at most %v", c.title, own.Name, got, own.Goal.Allocs)
			}
			if base := c.systems[0]; own.Name == "a plan" && own.Sample.Allocs() >= base.Sample.Allocs() {
				t.Errorf("%s: %v allocations; an errgroup: %v", c.title, own.Sample.Allocs(), base.Sample.Allocs())
			}
		}
	}
}

// Every figure that the project speaks of is on the page.
func TestCostPrintsEverything(t *testing.T) { //nolint:paralleltest // it measures the whole process
	if raceEnabled {
		t.Skip("there is nothing in it that other tests do not have, and it takes half a minute")
	}
	var out bytes.Buffer
	if err := cost(t.Context(), &out, quick); err != nil {
		t.Fatal(err)
	}
	page := regexp.MustCompile(`  +`).ReplaceAllString(out.String(), "  ")
	for _, want := range []string{
		"measure  system  to reach  measured  noise  ns  allocations",
		"3 sources that answer at once  a plan  ≤ 0.90, 7 allocations  ",
		"10 sources that answer at once  a plan  ≤ 1.00, 8 allocations  ",
		"100 sources that answer at once  a plan  ≤ 1.10, 8 allocations  ",
		"3 functions that return at once  Collect  ≤ 1.60, 12 allocations  ",
		"10 functions that return at once  Collect  ≤ 1.50, 40 allocations  ",
		"100 functions that return at once  Collect  ≤ 1.50, 400 allocations  ",
		"10000 elements of a list, 8 at once  Each  ≤ 1.00  ",
		"a plan of 1000 sources, made  NewPlan  ≤ 10 ms  ",
		"markers into the trailer  50 of fields  ≤ 40 µs  ",
		"markers into the trailer  500 of values of a map  ≤ 500 µs  ",
		"10 RPCs, 8 callers, in memory, bare  a plan  ≤ 1.00  ",
		"10 RPCs, 8 callers, over TCP, guarded  a plan  ≤ 1.00  ",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

func TestBadFlagsAreNamed(t *testing.T) {
	t.Parallel()
	if err := (measure.Effort{Slice: time.Second}).Validate(); err == nil || err.Error() != "flag -rounds = 0; must be in [1, 1000]" {
		t.Errorf("error = %v", err)
	}
	if err := (measure.Effort{Rounds: 1}).Validate(); err == nil || err.Error() != "flag -slice = 0s; must be in [1ms, 10s]" {
		t.Errorf("error = %v", err)
	}
	if err := child(&bytes.Buffer{}, "nobody", "fails"); err == nil {
		t.Error("an unknown helper was accepted")
	}
}
