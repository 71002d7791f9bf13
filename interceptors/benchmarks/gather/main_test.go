package main

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

// TestMain lets the tests run cases in processes of their own, as the program does.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "-child" {
		if child(os.Stdout, os.Args[2], os.Args[4]) != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestAPlanKeepsWhatIsGoodAndLives(t *testing.T) {
	t.Parallel()
	for _, c := range cases() {
		r, err := parent(t.Context(), "afloat", c.name)
		if err != nil || !r.Returned || r.Died || r.Kept != 2 {
			t.Errorf("third source %s: %v, %v", c.name, r, err)
		}
	}
}

// The comparison is worth something only if the others really behave as it says.
func TestAnErrgroupDiesOfAPanic(t *testing.T) {
	t.Parallel()
	r, err := parent(t.Context(), "errgroup", "panics")
	if err != nil || !r.Died {
		t.Errorf("%v, %v; want that it dies", r, err)
	}
}

// With its deadline, scopes and caps a plan allocates less than an errgroup that has
// none of them.
func TestAPlanAllocatesLessThanAnErrgroup(t *testing.T) { //nolint:paralleltest // allocations are the whole process's
	for _, n := range []int{3, 10, 100} {
		samples, err := costSamples(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		measure.Run(samples, 1, time.Millisecond)
		if plan, group := samples[0].Allocs(), samples[1].Allocs(); plan >= group {
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
