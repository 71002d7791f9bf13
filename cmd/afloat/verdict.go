package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/afloat-go/afloat/internal/lab"
)

// verdict tells in words what a rule did.
type verdict struct {
	out    io.Writer
	sample lab.Sample
	world  *lab.World
}

// print tells all.
func (v *verdict) print() {
	v.good()
	v.vain()
	v.slow()
	v.outage()
	v.refusals()
}

// sum returns a count of all runs.
func (v *verdict) sum(count func(*lab.Result) int) int { return v.sample.Total(count) }

// say prints a line.
func (v *verdict) say(format string, args ...any) { fmt.Fprintf(v.out, format+"\n", args...) }

// good tells of good answers.
func (v *verdict) good() {
	kept := v.sample.Lowest(func(r *lab.Result) float64 { return r.Kept() })
	v.say("Of 100 good answers that callers have without the rule, they have %s with it, %s in the worst run.", figure(kept.Median), figure(kept.Worst))
	if v.sum(lost) <= 0 {
		v.say("It loses none.")
		return
	}
	spared := fmt.Sprintf("%.2f", v.sample.SparedPerLost())
	v.say("For each good answer that it loses, it spares %s calls in vain%s.", spared, judgement(spared))
}

func lost(r *lab.Result) int { return r.Lost() }

// judgement says what to think of how many calls are spared for one answer.
func judgement(spared string) string {
	if strings.HasPrefix(spared, "0") || strings.HasPrefix(spared, "-") {
		return ": it costs more than it spares"
	}
	return ""
}

// vain tells of calls that were sent and failed.
func (v *verdict) vain() {
	calls := func(r *lab.Result) int { return r.Calls }
	v.say("Of 100 calls, %s are sent and fail; without the rule, %s.",
		v.share(func(r *lab.Result) int { return r.InVain }, calls), v.share(func(r *lab.Result) int { return r.Bad }, calls))
}

// share returns a share of two counts in percent.
func (v *verdict) share(part, of func(*lab.Result) int) string {
	if n := v.sum(of); n > 0 {
		return figure(100 * float64(v.sum(part)) / float64(n))
	}
	return "0"
}

// slow tells how often callers wait.
func (v *verdict) slow() {
	v.say("Callers wait for more than %v %s times a run; without the rule, %s times.", v.world.SlowOver.Round(time.Millisecond),
		v.eachRun(func(r *lab.Result) int { return r.Slow }), v.eachRun(func(r *lab.Result) int { return r.SlowPossible }))
}

// eachRun returns a count of one run, on average.
func (v *verdict) eachRun(count func(*lab.Result) int) string {
	return figure(float64(v.sum(count)) / float64(len(v.sample)))
}

// outage tells what was sent in an outage, and when all is admitted again.
func (v *verdict) outage() {
	if v.sum(func(r *lab.Result) int { return r.SettledCalls }) == 0 {
		return
	}
	if v.sum(func(r *lab.Result) int { return r.OutageCalls }) > 0 {
		v.say("Of 100 calls that come in the outage, after its first %v, %s are sent.", max(v.world.Grace, 2*time.Second),
			v.share(func(r *lab.Result) int { return r.OutageSent }, func(r *lab.Result) int { return r.OutageCalls }))
	}
	back := v.sample.Highest(func(r *lab.Result) float64 { return lab.Seconds(r.Back) })
	v.say("All calls are admitted again, or nine of ten, %s; in the worst run, %s.", after(back.Median), after(back.Worst))
}

// after says how long after the end of an outage something is.
func after(seconds float64) string {
	switch {
	case seconds > time.Hour.Seconds():
		return "not before this world ends"
	case seconds == 0:
		return "at its end"
	default:
		return figure(seconds) + " s after its end"
	}
}

// refusals tells who refused calls, and how often circuits changed their states.
func (v *verdict) refusals() {
	by := map[string]int{}
	for i := range v.sample {
		for kind, n := range v.sample[i].RefusedBy {
			by[kind] += n
		}
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%s by the %s", figure(float64(by[kind])/float64(len(v.sample))), kind))
	}
	if parts == nil {
		parts = []string{"none"}
	}
	v.say("Calls refused in a run: %s. Changes of state: %s.", strings.Join(parts, ", "), v.eachRun(func(r *lab.Result) int { return r.Transitions }))
}

// figure prints a number that people read: no more digits than say something.
func figure(x float64) string {
	switch {
	case x >= 100 || x == 0:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0")
	default:
		return strings.TrimSuffix(strings.TrimSuffix(fmt.Sprintf("%.2f", x), "0"), ".0")
	}
}
