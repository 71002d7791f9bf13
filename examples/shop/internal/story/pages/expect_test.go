package pages

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/page"
	"github.com/afloat-go/afloat/interceptors/breaker"
)

// config returns what the program does by default.
func config() Config {
	return Config{Rate: 50, Phase: 6 * time.Second}
}

// calmFigures returns those of a phase in which all went well.
func calmFigures() Figures {
	f := Figures{
		Requests: 600, Full: 600, LastSecond: 150, Settled: 150,
		Marked: map[string]map[string]int{},
		P50:    3 * time.Millisecond, P99: 12 * time.Millisecond,
	}
	for _, part := range page.Parts() {
		f.Circuits = append(f.Circuits, guards.Circuit{Service: part, State: breaker.Closed})
	}
	return f
}

// sickFigures returns those of a phase in which recommendations was sick and the guard
// did its work.
func sickFigures() Figures {
	f := calmFigures()
	f.Requests, f.Full, f.Settled = 750, 0, 0
	f.P99 = 701 * time.Millisecond
	f.Suffers, f.Reached = page.Recommendations, map[string]int{page.Recommendations: 24}
	f.lack(page.Recommendations, 750)
	f.set(page.Recommendations, breaker.Open)
	return f
}

func (f *Figures) lack(part string, n int) {
	f.Marked[part] = map[string]int{page.Stands(part)[0].String() + " (timeout)": n}
}

func (f *Figures) set(part string, state breaker.State) {
	for i := range f.Circuits {
		if f.Circuits[i].Service == part {
			f.Circuits[i].State = state
		}
	}
}

// ruledFigures returns those of a phase in which alerts were slow, and let in again by a
// rule.
func ruledFigures() Figures {
	f := calmFigures()
	f.Full, f.P50, f.P99 = 300, 502*time.Millisecond, 506*time.Millisecond
	f.Suffers, f.Reached = page.Alerts, map[string]int{page.Alerts: 300}
	f.lack(page.Alerts, 300)
	f.Change = &Change{Refused: errors.New("rules[6].breaker.slow_afer"), Was: breaker.Open, Is: breaker.HalfOpen, Kept: true, Obeyed: true}
	return f
}

// phases returns a phase of each kind: healthy, sick, recovered, with a rule of its own.
func phases() map[string]phase {
	healthy := calmFigures()
	all := phasesOf(config(), &healthy)
	return map[string]phase{"healthy": all[0], "sick": all[1], "recovered": all[4], "ruled": all[8]}
}

func TestGoodFiguresMeetEveryExpectation(t *testing.T) {
	t.Parallel()
	recovered := calmFigures()
	recovered.Full = 480 // incomplete while its circuit was still open
	recovered.lack(page.Recommendations, 120)
	for name, f := range map[string]Figures{"healthy": calmFigures(), "sick": sickFigures(), "recovered": recovered, "ruled": ruledFigures()} {
		if unmet := phases()[name].check(f); len(unmet) > 0 {
			t.Errorf("%s: %v", name, unmet)
		}
	}
}

// Each expectation fails on figures that violate it, and alone.
func TestEachExpectationBites(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		phase, name string
		spoil       func(f *Figures)
		says        string
	}{
		{"healthy", "a request failed", func(f *Figures) {
			f.Failed, f.Full, f.FirstError = 1, 599, errors.New("refused")
		}, "1 of 600 requests failed (the first: refused); must be none"},
		{"healthy", "markers are wrong", func(f *Figures) {
			f.Wrong, f.FirstWrong = 2, errors.New("dashboard.user is missing")
		}, "2 pages have wrong, missing or superfluous markers (the first: dashboard.user is missing)"},
		{"healthy", "a circuit opened", func(f *Figures) { f.set(page.Users, breaker.Open) }, "the circuit of users is open"},
		{"sick", "a request failed", func(f *Figures) { f.Failed, f.FirstError = 1, errors.New("refused") }, "1 of 750 requests failed"},
		{"sick", "a marker is wrong", func(f *Figures) { f.Wrong = 1 }, "1 pages have wrong"},
		{"sick", "not marked", func(f *Figures) { f.lack(f.Suffers, 600) }, "dashboard.products marked = 600 of 750; must be at least 85.0 %"},
		{"sick", "another circuit opened", func(f *Figures) { f.set(page.Alerts, breaker.HalfOpen) }, "the circuit of alerts is half_open"},
		{"sick", "its circuit stayed closed", func(f *Figures) { f.set(f.Suffers, breaker.Closed) }, "the circuit of recommendations is closed"},
		{"sick", "there are no circuits", func(f *Figures) { f.Circuits = nil }, "the circuit of recommendations is closed or not there"},
		{"sick", "too many calls", func(f *Figures) { f.Reached[f.Suffers] = 42 }, "calls that reached recommendations = 42 of 750; must be at most 41"},
		{"sick", "too many calls at a low rate", func(f *Figures) {
			f.Requests, f.Full, f.Reached[f.Suffers] = 200, 0, 54
			f.lack(f.Suffers, 200)
		}, "= 54 of 200; must be at most 30"},
		{"sick", "pages past their deadline", func(f *Figures) { f.P99 = 801 * time.Millisecond }, "p99 = 801.0 ms; must be at most 800.0 ms"},
		{"sick", "pages wait", func(f *Figures) { f.P50 = 104 * time.Millisecond }, "p50 = 104.0 ms; must be at most 103.0 ms"},
		{"ruled", "a request failed", func(f *Figures) { f.Failed, f.FirstError = 1, errors.New("refused") }, "1 of 600 requests failed"},
		{"ruled", "nobody is cut off from anything", func(f *Figures) { *f.Change = Change{} }, "alerts have no circuit"},
		{"ruled", "the refusal says something else", func(f *Figures) { f.Change.Refused = errors.New("no") }, "rules refused: no; must name slow_afer"},
		{"ruled", "another circuit", func(f *Figures) { f.Change.Kept = false }, "the circuit is the same: false, and obeys the new rule: true"},
		{"ruled", "the rule has no effect", func(f *Figures) { f.Change.Obeyed = false }, "obeys the new rule: false"},
		{"ruled", "the circuit began anew", func(f *Figures) { f.Change.Is = breaker.Closed }, "was open before the rules changed and is closed after"},
		{"ruled", "nothing was cut off", func(f *Figures) { f.Change.Was = breaker.Closed }, "was closed before the rules changed"},
		{"ruled", "its circuit stayed open", func(f *Figures) { f.set(f.Suffers, breaker.Open) }, "the circuit of alerts is open"},
		{"ruled", "pages lack it in the end", func(f *Figures) { f.Settled = 0 }, "in the last second = 0 of 150"},
		{"recovered", "a request failed", func(f *Figures) { f.Failed, f.FirstError = 1, errors.New("refused") }, "1 of 600 requests failed"},
		{"recovered", "a marker is wrong", func(f *Figures) { f.Wrong = 1 }, "1 pages have wrong"},
		{"recovered", "a circuit stayed open", func(f *Figures) { f.set(page.Metrics, breaker.Open) }, "the circuit of metrics is open"},
		{"recovered", "not as good as it must be at the end", func(f *Figures) { f.Settled = 148 }, "in the last second = 148 of 150"},
		{"recovered", "no requests at the end", func(f *Figures) { f.LastSecond, f.Settled = 0, 0 }, "in the last second = 0 of 0"},
	} {
		t.Run(c.phase+": "+c.name, func(t *testing.T) {
			t.Parallel()
			f := calmFigures()
			switch c.phase {
			case "sick":
				f = sickFigures()
			case "ruled":
				f = ruledFigures()
			}
			c.spoil(&f)
			unmet := phases()[c.phase].check(f)
			if len(unmet) != 1 {
				t.Fatalf("not met: %v; want one thing", unmet)
			}
			if err := unmet[0]; !strings.Contains(err.Error(), c.says) {
				t.Errorf("error = %q; want %q", err, c.says)
			}
		})
	}
}
