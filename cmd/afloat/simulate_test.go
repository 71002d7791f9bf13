package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/internal/lab"
)

// simulate runs the command on rules, and returns what it prints.
func simulate(t *testing.T, rules string, exit int, args ...string) (out, complaints string) {
	t.Helper()
	var o, c bytes.Buffer
	if got := run(append([]string{"rules", "simulate"}, args...), stdio{strings.NewReader(rules), &o, &c}); got != exit {
		t.Errorf("exit %d; want %d: %s", got, exit, &c)
	}
	return o.String(), c.String()
}

// says fails if a text does not match.
func says(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("does not say %q:\n%s", pattern, text)
	}
}

// The rule that a method matches is the one that is tried, and what it says decides.
func TestSimulateTriesTheRuleOfTheMethod(t *testing.T) {
	t.Parallel()
	const rules = `rules:
  - match: "*"
  - match: /shop.v1.Payments/*
    breaker: {consecutive_failures: 5, open_for: 2s}
  - match: /shop.v1.Payments/Charge
    timeout: {max: 50ms}
`
	open, _ := simulate(t, rules, exitGood, "-world", "outage-hangs-10s", "-rate", "100", "-seeds", "2")
	says(t, open, `^/any\.Service/Method: rule \* of stdin:2:5: no policy\noutage-hangs-10s: Well for 20 s or more; then, for 10 s, no call is answered`)
	says(t, open, `they have 100 with it, 100 in the worst run\.\nIt loses none\.`)
	says(t, open, `Calls refused in a run: none\.`)
	closed, _ := simulate(t, rules, exitGood, "-world", "outage-hangs-10s", "-rate", "100", "-seeds", "2", "-method", "/shop.v1.Payments/Refund")
	says(t, closed, `rule /shop\.v1\.Payments/\* of stdin:3:5: breaker\n`)
	says(t, closed, `Calls refused in a run: \d+ by the breaker\. Changes of state: [1-9]`)
	says(t, closed, `All calls are admitted again, or nine of ten, [\d.]+ s after its end`)
	tight, _ := simulate(t, rules, exitGood, "-world", "outage-hangs-10s", "-rate", "100", "-seeds", "2", "-method", "/shop.v1.Payments/Charge")
	says(t, tight, `wait for more than 100ms 0 times a run; without the rule, \d{3,} times\.`)
}

// A queue holds calls back, also in virtual time, and who is full says so.
func TestSimulateQueues(t *testing.T) {
	t.Parallel()
	const rules = `rules:
  - match: "*"
    bulkhead: {max_concurrent: 2, max_queue: 4, max_wait: 20ms}
`
	out, _ := simulate(t, rules, exitGood, "-world", "replica-hangs-1-of-3", "-rate", "100", "-seeds", "1")
	says(t, out, `Calls refused in a run: \d+ by the bulkhead\.`)
	says(t, out, `For each good answer that it loses, it spares \d\.\d\d calls in vain`)
}

// The same figures come each time, wherever the file stands among the flags.
func TestSimulateRepeats(t *testing.T) {
	t.Parallel()
	const rules = `rules: [{match: "*", rate_limit: {per_second: 50, burst: 5}, bulkhead: {max_concurrent: 3}}]`
	first, _ := simulate(t, rules, exitGood, "-", "--world", "fails-40", "--rate", "100", "--seeds", "3")
	if again, _ := simulate(t, rules, exitGood, "-world=fails-40", "-", "-rate=100", "-seeds=3"); again != first {
		t.Errorf("first:\n%s\nagain:\n%s", first, again)
	}
	if other, _ := simulate(t, rules, exitGood, "-world=fails-40", "-rate=100", "-seeds=2"); other == first {
		t.Error("fewer runs have the same figures")
	}
}

func TestSimulateNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, faults := simulate(t, "rules: []", exitFailed, "-world", "melts", "-rate", "0", "-seeds", "1001", "-method", "Charge")
	says(t, faults, `flag -world = "melts"; must be one of fails-5, .*, fleet-recovers-cold; or list, to print what happens in each\n`)
	says(t, faults, `flag -rate = 0; must be in \[1, 10000\]\n`)
	says(t, faults, `flag -seeds = 1001; must be in \[1, 1000\]\n`)
	says(t, faults, `flag -method = "Charge"; must be a full method, as in "/shop\.v1\.Payments/Charge"\n`)
	_, faults = simulate(t, "rules: []", exitFailed)
	says(t, faults, `flag -world = ""; must be one of`)
	_, faults = simulate(t, "rules: [{match: /x, breaker: {open_for: 0.1ms}}]", exitWrong, "-world", "fails-5")
	says(t, faults, `^stdin:1:`)
	_, faults = simulate(t, "", exitFailed, "-world", "fails-5", "a.yaml", "b.yaml")
	says(t, faults, `^2 files; must be one\n`)
}

func TestSimulateListsWorlds(t *testing.T) {
	t.Parallel()
	out, _ := simulate(t, "", exitGood, "-world", "list")
	for _, w := range lab.Worlds() {
		if !strings.Contains(out, "  "+w.Name+" ") || !strings.Contains(out, w.About) {
			t.Errorf("does not list %s", w.Name)
		}
	}
}

// Virtual time runs in an ordinary program, too, which is no test.
func TestSimulateInAProgram(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "afloat")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, "rules", "simulate", "testdata/good.yaml", "--world", "outage-fails-1s", "--rate", "20", "--seeds", "2")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	says(t, string(out), `^/any\.Service/Method: rule \* of testdata/good\.yaml:`)
	says(t, string(out), `Of 100 calls, [\d.]+ are sent and fail; without the rule, [\d.]+\.`)
}
