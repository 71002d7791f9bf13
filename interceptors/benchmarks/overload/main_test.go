//go:build linux

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain is the processes that a run starts, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "-serve" || os.Args[1] == "-generate") {
		main()
	}
	os.Exit(m.Run())
}

// A run asks real servers in processes of their own, and says of each promise whether it
// is kept. How many answers they give depends on the machine.
func TestRun(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes 10 s")
	}
	var e effort
	if err := e.choose(serving{bottleneck: "10 places for 20 ms", guard: afloat}, "2"); err != nil {
		t.Fatal(err)
	}
	e.rounds, e.procs, e.warm, e.length, e.limits = 1, 1, 0, 200*time.Millisecond, []int{16}
	var out, log bytes.Buffer
	if err := measureAll(t.Context(), e, &out, &log); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"10 places for 20 ms  2.0   afloat", "2.0 times: goodput, of the ceiling", "bursts of 50", "promises"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
}

// What refusals cost is not there for answers; below the peak all can be answered.
func TestCeiling(t *testing.T) {
	t.Parallel()
	b := base{peak: 900, call: time.Millisecond, refusal: 100 * time.Microsecond}
	for load, want := range map[float64]float64{0.5: 450, 1: 900, 2: 900, 4: (1 - 0.36) / 0.0009} {
		if got := b.ceiling(load); got < want*0.999 || got > want*1.001 {
			t.Errorf("at a load of %v the ceiling is %v; want %v", load, got, want)
		}
	}
}

// A promise that is not kept is said to be missed.
func TestMissedPromises(t *testing.T) {
	t.Parallel()
	table, b := newTable(), &base{peak: 100}
	second := func(good, critical int) *result {
		return &result{Came: 400, Good: good, CriticalCame: 80, CriticalGood: critical, Elapsed: time.Second}
	}
	table.add(cell{"a lock for 2 ms", afloat, 4}, second(95, 80), b, 4)
	table.add(cell{"a lock for 2 ms", afloat, 2}, second(50, 80), b, 2)
	table.add(cell{"a lock for 2 ms", static, 2}, second(90, 80), b, 2)
	table.step("a lock for 2 ms", &result{Before: 10 * time.Millisecond, After: 20 * time.Millisecond})
	table.calm("a lock for 2 ms", afloat, &result{Came: 99_999, Refused: 1})
	var missed []string
	for _, p := range table.promises() {
		if !p.kept {
			missed = append(missed, p.what)
		}
	}
	want := []string{"2.0 times: goodput, of the ceiling", "of the best fixed number's", "p99 from a second on", "refused"}
	if len(missed) != len(want) {
		t.Fatalf("missed: %q; want those about %q", missed, want)
	}
	for i := range want {
		if !strings.Contains(missed[i], want[i]) {
			t.Errorf("missed: %q; want one about %q", missed[i], want[i])
		}
	}
}

func TestFaultsOfFlags(t *testing.T) {
	t.Parallel()
	var e effort
	for flag, err := range map[string]error{
		"-bottleneck": e.choose(serving{bottleneck: "x"}, "1"),
		"-guard":      e.choose(serving{guard: "x"}, "1"),
		"-loads":      e.choose(serving{}, "1,x"),
		"-rounds":     (&effort{rounds: 0, procs: 1, length: time.Second}).validate(),
		"-procs":      (&effort{rounds: 1, procs: 3, length: time.Second}).validate(),
		"-length":     (&effort{rounds: 1, procs: 1}).validate(),
	} {
		if err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("error %v; want one that names %s", err, flag)
		}
	}
}
