package trial

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Finding is what happened to a client in an event, with a guard or without one.
type Finding struct {
	// Client and Event say what it is about, Kind what the client was under.
	Client, Event string
	Kind          Kind
	// Again is how long after the end of the event everything worked again. Zero: at once.
	Again time.Duration
	// Calls is how many calls the client made, and Lost how many of them were not answered.
	Calls, Lost int
	// Opened has the circuits that opened, Refused the calls that were refused.
	Opened, Refused []string
	// Held is how many places were taken at last.
	Held int
}

// Pair has the findings of one event, without a guard and with one, in one run.
type Pair struct{ Bare, Guarded Finding }

// Compare runs a trial without a guard and under the built-in rule, side by side.
func Compare(t *testing.T, client, event string, run func(t *testing.T, g *Guard, f *Finding)) *Pair {
	t.Helper()
	p := &Pair{}
	var both sync.WaitGroup
	for kind, f := range map[Kind]*Finding{Bare: &p.Bare, BuiltIn: &p.Guarded} {
		*f = Finding{Client: client, Event: event, Kind: kind}
		g, err := New(kind)
		if err != nil {
			t.Fatal(err)
		}
		both.Go(func() {
			run(t, g, f)
			f.Held = g.HeldAtLast(30 * time.Second)
			f.Opened, f.Refused = g.Opened(), g.Refused()
		})
	}
	both.Wait()
	t.Logf("\n%s\n%s", p.Bare, p.Guarded)
	keep(t, "pair "+client+" "+event, p)
	return p
}

// String returns a finding as one line.
func (f Finding) String() string {
	return fmt.Sprintf("%s, %s, %s: again after %v, %d of %d lost, opened %q, refused %q, held %d", f.Client, f.Event, f.Kind,
		f.Again.Round(10*time.Millisecond), f.Lost, f.Calls, f.Opened, f.Refused, f.Held)
}

// Harmless fails the test unless the guard did nothing at all and lost nothing.
func (p *Pair) Harmless(t *testing.T) {
	t.Helper()
	if g := p.Guarded; len(g.Opened)+len(g.Refused)+g.Held > 0 || g.Lost > p.Bare.Lost {
		t.Errorf("with the guard: %v\nwithout: %v; want nothing opened, refused, held or lost", g, p.Bare)
	}
}

// later is how much later a client may serve again with a guard than without one, and busy
// what the test grants a machine that has much else to do.
const later, busy = 2 * time.Second, time.Second

// Recovered fails the test unless the guarded client served again soon after the bare one and
// gave back all places.
func (p *Pair) Recovered(t *testing.T) {
	t.Helper()
	if p.Guarded.Again > p.Bare.Again+later+busy || p.Guarded.Held > 0 {
		t.Errorf("with the guard: %v\nwithout: %v; want at most %v later, and no place held", p.Guarded, p.Bare, later)
	}
}

// Suite is what a suite of others says of calls on one side, with a guard or without one.
type Suite struct {
	Name string
	Kind Kind
	// Cases is how many the suite has, Passed how many of them passed.
	Cases, Passed int
	// Why says why the others did not.
	Why string
}

// Keep keeps what a suite says for the report.
func (s Suite) Keep(t *testing.T) {
	t.Helper()
	keep(t, "suite "+s.Name+" "+string(s.Kind), s)
}

// keep writes what was found to the folder that AFLOAT_PROOF_FINDINGS names, for the report.
func keep(t *testing.T, name string, found any) {
	t.Helper()
	folder := os.Getenv("AFLOAT_PROOF_FINDINGS")
	if folder == "" {
		return
	}
	text, err := json.MarshalIndent(found, "", "\t")
	if err == nil {
		name = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				return r
			}
			return '-'
		}, name)
		err = os.WriteFile(filepath.Join(folder, name+".json"), text, 0o600) //nolint:gosec // who runs it names the folder
	}
	if err != nil {
		t.Error(err)
	}
}

// Timed skips a test that compares times, unless AFLOAT_PROOF asks for it, short or whole. With the
// race detector, or beside all other tests, times say nothing.
func Timed(t *testing.T) {
	t.Helper()
	if os.Getenv("AFLOAT_PROOF") == "" {
		t.Skip("AFLOAT_PROOF is neither short nor whole: make proof-short")
	}
	t.Parallel()
}

// Whole reports whether the trial is the long one, of make proof.
func Whole() bool { return os.Getenv("AFLOAT_PROOF") == "whole" }

// Break returns how long a break lasts: five seconds, and half a minute in make proof.
func Break() time.Duration {
	if Whole() {
		return 30 * time.Second
	}
	return 5 * time.Second
}
