package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/internal/lab"
)

var errDown = status.Error(codes.Unavailable, "down")

// small is a book of few samples: everything in two worlds, at two rates.
func small(t *testing.T) book {
	t.Helper()
	b := book{}
	for _, j := range plan() {
		if j.Rate > 100 || j.World != "fails-5" && j.World != "wanders-2-to-6" {
			continue
		}
		j.Runs = 2
		s, err := take(j)
		if err != nil {
			t.Fatal(err)
		}
		b.add(j, s)
	}
	return b
}

func TestPlanHasEachSystemInEachWorld(t *testing.T) {
	t.Parallel()
	jobs := plan()
	for _, w := range lab.Worlds() {
		for _, s := range systemsIn(&w) {
			for _, rate := range w.Rates {
				i := slices.IndexFunc(jobs, func(j job) bool { return j.World == w.Name && j.System == s.Name && j.Rate == rate })
				if i < 0 || jobs[i].Runs < 1 {
					t.Errorf("%s, %s, %d/s: job %d", w.Name, s.Name, rate, i)
				}
			}
		}
	}
	if i := slices.IndexFunc(jobs, func(j job) bool { return j.World == "outage-fails-20s" && j.System == nameAfloat && j.Rate == 400 }); jobs[i].Runs != runs {
		t.Errorf("afloat's default has %d runs; want %d", jobs[i].Runs, runs)
	}
}

// A promise of a world or a rate that there is not would never be checked.
func TestPromisesAreOfWhatThereIs(t *testing.T) {
	t.Parallel()
	for _, p := range promises() {
		checked := 0
		for _, name := range p.worlds {
			w, err := lab.Find(name)
			if err != nil {
				t.Error(err)
			}
			for _, rate := range w.Rates {
				if p.rates == nil || slices.Contains(p.rates, rate) {
					checked++
				}
			}
		}
		if checked == 0 || len(p.limits) == 0 {
			t.Errorf("%s: is never checked", p.what)
		}
	}
}

func TestChecks(t *testing.T) {
	t.Parallel()
	b := book{}
	well := lab.Result{Tally: lab.Tally{Calls: 100, Sent: 100, Possible: 60, Given: 60, Bad: 40, InVain: 40}}
	ill := lab.Result{Tally: lab.Tally{Calls: 100, Sent: 50, Possible: 60, Given: 30, Bad: 40, InVain: 20}}
	b.add(job{World: "fails-40", System: nameAfloat, Rate: 400}, lab.Sample{well, well, ill})
	got := map[string]bool{}
	all := checks(b)
	for i := range all {
		got[all[i].limit.figure] = all[i].kept()
	}
	want := map[string]bool{"kept, median": true, "kept, worst": false, "spared for one lost": false}
	for figure, kept := range want {
		if is, ok := got[figure]; !ok || is != kept {
			t.Errorf("%s: checked %v, kept %v; want %v", figure, ok, is, kept)
		}
	}
	var out bytes.Buffer
	if missed := printChecks(&out, all, true); missed != 2 || !strings.Contains(out.String(), "3 promises, 2 missed") {
		t.Errorf("missed = %d\n%s", missed, &out)
	}
}

// The list of known misses only gets shorter.
func TestKnownMisses(t *testing.T) {
	t.Parallel()
	c := func(rate int, measured float64) check {
		return check{limit: &limit{figure: "kept", atLeast: true, bound: 90}, world: "w", rate: rate, measured: measured}
	}
	all := []check{c(2, 80), c(20, 95)}
	for _, tt := range []struct {
		known []miss
		want  string
	}{
		{[]miss{{"w", 2, "kept"}}, ""},
		{nil, "1 promises missed that are not known to be"},
		{[]miss{{"w", 2, "kept"}, {"w", 20, "kept"}}, "w at 20/s, kept: kept now; take it off the list of known misses"},
	} {
		got := ""
		if err := verdict(all, tt.known); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%v: %q; want %q", tt.known, got, tt.want)
		}
	}
}

// Two computations of the page give the same bytes, charts are XML, and a page that
// differs is found.
func TestReportRepeats(t *testing.T) {
	t.Parallel()
	b, again := small(t), small(t)
	var first, second bytes.Buffer
	for _, name := range []string{"fails-5", "wanders-2-to-6"} {
		w := worldOf(name)
		w.Rates = []int{2, 20, 100}
		writeWorld(&first, b, &w)
		writeWorld(&second, again, &w)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("first:\n%s\nagain:\n%s", &first, &second)
	}
	if !strings.Contains(first.String(), "| SRE throttle |") || !strings.Contains(first.String(), "### fails-5") {
		t.Errorf("the page:\n%s", &first)
	}
}

func TestChartsAreXML(t *testing.T) {
	t.Parallel()
	times, err := drawTimes("outage-fails-1s", "title", sentShare)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, times)
	drawing := drawMap(small(t), "title", lostShare, badShare)
	wellFormed(t, drawing)
	if !bytes.Contains(drawing, []byte(">fails-40<")) || !bytes.Contains(drawing, []byte(">none<")) {
		t.Errorf("the map:\n%s", drawing)
	}
}

func wellFormed(t *testing.T, drawing []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(drawing)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v\n%s", err, drawing)
		}
	}
}

func TestCompareNamesTheLine(t *testing.T) {
	t.Parallel()
	docs := t.TempDir()
	files := []file{{"page.md", []byte("one\ntwo\n")}, {"charts/a.svg", []byte("<svg/>\n")}}
	if err := write(docs, files); err != nil {
		t.Fatal(err)
	}
	if err := compare(docs, files); err != nil {
		t.Error(err)
	}
	name := filepath.Join(docs, "page.md")
	if err := os.WriteFile(name, []byte("one\nother\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := compare(docs, files); err == nil || !strings.HasPrefix(err.Error(), name+": line 2 is not") {
		t.Errorf("error = %v", err)
	}
	if err := compare(t.TempDir(), files); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error = %v", err)
	}
}

// A child answers each job that it is sent, in order.
func TestChildServes(t *testing.T) {
	t.Parallel()
	in := strings.NewReader(`{"World":"fails-5","System":"afloat","Rate":20,"Runs":2}` + "\n" + `{"World":"melts"}` + "\n")
	var out bytes.Buffer
	if err := serve(in, &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"Possible":`) || !strings.Contains(lines[1], `world = \"melts\"`) {
		t.Errorf("answers: %s", &out)
	}
}

// send makes so many calls, one each millisecond, which end at once.
func send(g lab.Guard, from time.Duration, calls int, err error) (sent int) {
	for i := range calls {
		at := from + time.Duration(i)*time.Millisecond
		call := &lab.Call{At: at, Now: at}
		if g.Admit(call) {
			sent++
			g.End(call, err)
		}
	}
	return sent
}

func guardOf(t *testing.T, s lab.System) lab.Guard {
	t.Helper()
	g, err := s.New(nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The formula: after n requests without an accept, one of n+1 is sent; as long as half of
// them are accepted, all are; what is older than two minutes is forgotten.
func TestThrottleIsTheFormula(t *testing.T) {
	t.Parallel()
	g := guardOf(t, sreThrottle())
	if sent := send(g, 0, 1000, nil); sent != 1000 {
		t.Errorf("well: %d of 1000 are sent", sent)
	}
	// After 1000 accepts, 1000 failures are within twice as many requests.
	if sent := send(g, time.Second, 1000, errDown); sent < 990 {
		t.Errorf("at first, %d of 1000 are sent; want all", sent)
	}
	if sent := send(g, 2*time.Second, 20_000, errDown); sent < 4500 || sent > 5100 {
		t.Errorf("then, %d of 20000 are sent; want about 2000 ln 11", sent)
	}
	if sent := send(g, 3*time.Minute, 1000, nil); sent != 1000 {
		t.Errorf("when all is forgotten, %d of 1000 are sent", sent)
	}
}

// In an outage the controller comes to refuse nearly everything, and it takes nothing off
// a service with few errors.
func TestSemianFollowsTheErrors(t *testing.T) {
	t.Parallel()
	g := guardOf(t, semian())
	if sent := send(g, 0, 20_000, nil); sent != 20_000 {
		t.Errorf("well: %d of 20000 are sent", sent)
	}
	send(g, 20*time.Second, 20_000, errDown)
	if sent := send(g, 40*time.Second, 1000, errDown); sent > 200 {
		t.Errorf("after 20 s of an outage, %d of 1000 are sent", sent)
	}
	send(g, 41*time.Second, 60_000, nil)
	if sent := send(g, 101*time.Second, 1000, nil); sent < 950 {
		t.Errorf("after a minute of health, %d of 1000 are sent", sent)
	}
}

func TestLibrariesGuard(t *testing.T) {
	t.Parallel()
	for _, s := range []lab.System{gobreakerRun(), gobreakerRatio(), failsafeRatio()} {
		g := guardOf(t, s)
		if sent := send(g, 0, 1000, errDown); sent < 6 || sent > 20 {
			t.Errorf("%s: %d of 1000 failing calls are sent; want 6 to 20", s.Name, sent)
		}
		if n := g.(lab.Stater).Transitions(); n != 1 { //nolint:errcheck // it is one
			t.Errorf("%s: %d transitions; want 1", s.Name, n)
		}
	}
}
