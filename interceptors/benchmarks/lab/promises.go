package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/afloat-go/afloat/interceptors/internal/lab"
)

// promise is what afloat's breaker does in some worlds without any setting.
type promise struct {
	what   string
	worlds []string
	// rates are those at which it is promised. Nil: all of the world.
	rates  []int
	limits []limit
}

// limit is a bound on a figure.
type limit struct {
	figure  string
	of      func(b book, w *lab.World, rate int) float64
	atLeast bool
	bound   float64
}

// promises returns all that is promised.
func promises() []promise {
	return slices.Concat(promisesOfAnswers(), promisesOfOutages(), promisesOfSpeed(), promisesOfPeace())
}

func promisesOfAnswers() []promise {
	failing := []string{"fails-5", "fails-30", "fails-40", "fails-50", "fails-60"}
	replicas := []string{"replica-hangs-1-of-2", "replica-hangs-1-of-3"}
	return []promise{
		{"what can be answered is answered", failing, []int{20, 100, 400, 1000}, []limit{atLeast("kept, median", 95, lowest(kept).median), atLeast("kept, worst", 90, lowest(kept).worst)}},
		{"also with few calls", failing, []int{2}, []limit{atLeast("kept, median", 90, lowest(kept).median), atLeast("kept, worst", 80, lowest(kept).worst)}},
		{"of 80 % failing, too", []string{"fails-80"}, []int{20, 100, 400, 1000}, []limit{atLeast("kept, median", 85, lowest(kept).median)}},
		{"a sick replica does not cut off the others", replicas, nil, []limit{atLeast("kept in the fault, median", 90, lowest(keptInFault).median)}},
		{"with the setting that prefers speed, few wait", replicas, nil, []limit{{"slow answers in the fault, %", preferringSpeed, false, 5}}},
		{"small errors refuse nothing", []string{"wanders-2-to-6"}, nil, []limit{atMost("refused", 0, highest(refused).worst)}},
		{"what is lost spares at least as much", allWorlds(), nil, []limit{{"spared for one lost", sparedWhereLost, true, 1}}},
	}
}

func promisesOfOutages() []promise {
	long := []string{"outage-fails-10s", "outage-hangs-10s", "outage-fails-20s", "outage-hangs-20s", "outage-fails-5m", "outage-hangs-5m"}
	fleets := []string{"fleet-recovers", "fleet-recovers-cold"}
	back := func(length string, rate int, median, worst float64) promise {
		return promise{
			"back soon after " + length, []string{"outage-fails-" + length, "outage-hangs-" + length},
			[]int{rate}, []limit{atMost("back, s, median", median, highest(timeBack).median), atMost("back, s, worst", worst, highest(timeBack).worst)},
		}
	}
	return []promise{
		{"an outage is asked little", long, []int{20, 100, 400, 1000}, []limit{atMost("sent after 2 s, %, median", 1.5, highest(outageShare).median)}},
		{"few wait for an outage", []string{"outage-fails-10s", "outage-hangs-10s"}, []int{400}, []limit{atMost("slow answers, median", 40, highest(slow).median)}},
		back("1s", 400, 1, 2), back("20s", 400, 2, 4), back("5m", 400, 3, 6),
		back("1s", 20, 3, 7), back("20s", 20, 3, 7), back("5m", 20, 5, 7),
		{"flaps are used", []string{"flaps-2s"}, []int{400}, []limit{atLeast("kept, median", 60, lowest(kept).median), atMost("in vain, % of calls, median", 3, highest(vain).median)}},
		{"a fleet comes back as one", fleets, nil, []limit{
			atMost("back, s, worst", 10, highest(timeBack).worst), atLeast("answered from 10 s on, %, worst", 95, lowest(settled).worst),
			atMost("probes, % of capacity, median", 2, highest(probes).median),
		}},
	}
}

func promisesOfSpeed() []promise {
	var learned []string
	for _, w := range lab.Worlds() {
		if isLearning(&w) {
			learned = append(learned, w.Name)
		}
	}
	return []promise{
		{"slow answers are avoided where there is something else", []string{"slows-10s-fallback"}, []int{400}, []limit{atMost("slow answers, median", 40, highest(slow).median)}},
		{"a slow answer is an answer", []string{"slows-10s"}, []int{400}, []limit{atLeast("kept in the fault, median", 99, lowest(keptInFault).median)}},
		{"learned is as good as set by hand", learned, nil, []limit{{"slow answers, of those of the best setting", ofBestByHand, false, 1.2}}},
	}
}

func promisesOfPeace() []promise {
	none := []limit{atMost("transitions, worst", 0, highest(transitions).worst)}
	return []promise{
		{"a day passes without a transition", []string{"day"}, nil, none},
		{"a pause of this process opens nothing", []string{"process-pauses-2s"}, nil, none},
		{"a pause of the server opens", []string{"server-pauses-2s"}, []int{100, 400, 1000}, []limit{atLeast("transitions, least", 1, fewest(transitions))}},
		{"creeping and deploys open nothing", []string{"creeps-1-percent", "deploy-30-percent-slower"}, nil, none},
	}
}

func allWorlds() []string {
	var all []string
	for _, w := range lab.Worlds() {
		all = append(all, w.Name)
	}
	return all
}

// The figures of one run.
func kept(r *lab.Result) float64        { return r.Kept() }
func keptInFault(r *lab.Result) float64 { return r.Fault.Kept() }
func refused(r *lab.Result) float64     { return float64(r.Calls - r.Sent) }
func slow(r *lab.Result) float64        { return float64(r.Slow) }
func vain(r *lab.Result) float64        { return r.Vain() }
func timeBack(r *lab.Result) float64    { return lab.Seconds(r.Back) }
func outageShare(r *lab.Result) float64 { return r.OutageShare() }
func settled(r *lab.Result) float64     { return r.SettledShare() }
func transitions(r *lab.Result) float64 { return float64(r.Transitions) }

// probes returns what a fleet sends into an outage, of the service's capacity.
func probes(r *lab.Result) float64 { return r.OutageShare() / 1.2 }

// spread makes a figure of one run into one of a sample of afloat's.
type spread func(s lab.Sample) lab.Spread

func highest(figure func(*lab.Result) float64) spread {
	return func(s lab.Sample) lab.Spread { return s.Highest(figure) }
}

func lowest(figure func(*lab.Result) float64) spread {
	return func(s lab.Sample) lab.Spread { return s.Lowest(figure) }
}

func (f spread) median(b book, w *lab.World, rate int) float64 {
	return f(b.of(w.Name, nameAfloat, rate)).Median
}

func (f spread) worst(b book, w *lab.World, rate int) float64 {
	return f(b.of(w.Name, nameAfloat, rate)).Worst
}

// fewest returns the least of a figure of which more is better.
func fewest(figure func(*lab.Result) float64) func(book, *lab.World, int) float64 {
	return lowest(figure).worst
}

func atLeast(figure string, bound float64, of func(book, *lab.World, int) float64) limit {
	return limit{figure, of, true, bound}
}

func atMost(figure string, bound float64, of func(book, *lab.World, int) float64) limit {
	return limit{figure, of, false, bound}
}

// preferringSpeed returns the slow answers in the fault, of all calls in it, with
// SlowAfter set.
func preferringSpeed(b book, w *lab.World, rate int) float64 {
	s := b.of(w.Name, nameByHand, rate)
	return s.Highest(func(r *lab.Result) float64 { return r.Fault.SlowShare() }).Median
}

// sparedWhereLost returns how many calls in vain are spared for a good answer that is
// lost, where more than a hundredth is lost.
func sparedWhereLost(b book, w *lab.World, rate int) float64 {
	s := b.of(w.Name, nameAfloat, rate)
	if 100*lostIn(s) <= s.Total(func(r *lab.Result) int { return r.Possible }) {
		return math.Inf(1)
	}
	return s.SparedPerLost()
}

func lostIn(s lab.Sample) int { return s.Total(func(r *lab.Result) int { return r.Lost() }) }

// ofBestByHand returns the slow answers of all runs, as a multiple of those of the best
// setting by hand. One answer a run more or less decides nothing.
func ofBestByHand(b book, w *lab.World, rate int) float64 {
	best := math.MaxInt
	for _, s := range byHandEach() {
		best = min(best, slowIn(b.of(w.Name, s.Name, rate)))
	}
	own := b.of(w.Name, nameAfloat, rate)
	return float64(slowIn(own)) / float64(best+len(own))
}

func slowIn(s lab.Sample) int { return s.Total(func(r *lab.Result) int { return r.Slow }) }

// check is a promise set against what was measured.
type check struct {
	promise  *promise
	limit    *limit
	world    string
	rate     int
	measured float64
}

// kept reports whether the promise is.
func (c *check) kept() bool {
	if c.limit.atLeast {
		return c.measured >= c.limit.bound
	}
	return c.measured <= c.limit.bound
}

// wanted returns the bound in words.
func (c *check) wanted() string {
	if c.limit.atLeast {
		return "≥ " + number(c.limit.bound)
	}
	return "≤ " + number(c.limit.bound)
}

// checks sets all promises against a book, those of worlds and rates that it has.
func checks(b book) []check {
	var all []check
	promised := promises()
	for i := range promised {
		p := &promised[i]
		for _, name := range p.worlds {
			w := lab.MustFind(name)
			rates := w.Rates
			if p.rates != nil {
				rates = slices.DeleteFunc(slices.Clone(p.rates), func(r int) bool { return !slices.Contains(w.Rates, r) })
			}
			for _, rate := range rates {
				if b.of(name, nameAfloat, rate) == nil {
					continue
				}
				for k := range p.limits {
					l := &p.limits[k]
					all = append(all, check{p, l, name, rate, rounded(l.of(b, &w, rate))})
				}
			}
		}
	}
	return all
}

// rounded returns what a figure is told and judged as.
func rounded(x float64) float64 { return math.Round(x*100) / 100 }

// number prints a figure.
func number(x float64) string {
	switch {
	case x >= 1e6:
		return "never"
	case x == math.Trunc(x):
		return fmt.Sprintf("%.0f", x)
	default:
		return strings.TrimSuffix(fmt.Sprintf("%.2f", x), "0")
	}
}

// printChecks prints the promises that are missed, or all, and returns how many are missed.
func printChecks(out io.Writer, all []check, missedOnly bool) (missed int) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "promise\tworld\trate\tfigure\twanted\tmeasured\t")
	for i := range all {
		c := &all[i]
		verdict := "kept"
		if !c.kept() {
			verdict = "MISSED"
			missed++
		} else if missedOnly {
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n", c.promise.what, c.world, c.rate, c.limit.figure, c.wanted(), number(c.measured), verdict)
	}
	_ = table.Flush()
	fmt.Fprintf(out, "\n%d promises, %d missed\n", len(all), missed)
	return missed
}

// margin returns how much is left until the promise is missed, as a part of the bound.
func (c *check) margin() float64 {
	scale := max(math.Abs(c.limit.bound), 1)
	if c.limit.atLeast {
		return (c.measured - c.limit.bound) / scale
	}
	return (c.limit.bound - c.measured) / scale
}
