package main

import (
	"slices"

	"github.com/afloat-go/afloat/internal/lab"
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
		{"what is lost spares at least as much", withoutFallback(), nil, []limit{{"spared for one lost", sparedWhereLost, true, 1}}},
	}
}

func promisesOfOutages() []promise {
	long := []string{"outage-fails-10s", "outage-hangs-10s", "outage-fails-20s", "outage-hangs-20s", "outage-fails-5m", "outage-hangs-5m"}
	fleets := []string{"fleet-recovers", "fleet-recovers-cold"}
	back := func(length string, rate int, median, worst float64) promise {
		return promise{
			"back soon after " + length,
			[]string{"outage-fails-" + length, "outage-hangs-" + length},
			[]int{rate},
			[]limit{atMost("back, s, median", median, highest(timeBack).median), atMost("back, s, worst", worst, highest(timeBack).worst)},
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

// withoutFallback returns the worlds whose callers have nothing else: where they have, an
// answer that is not asked for is not lost.
func withoutFallback() []string {
	var all []string
	for _, w := range lab.Worlds() {
		if !w.Fallback {
			all = append(all, w.Name)
		}
	}
	return all
}

func atLeast(figure string, bound float64, of func(book, *lab.World, int) float64) limit {
	return limit{figure, of, true, bound}
}

func atMost(figure string, bound float64, of func(book, *lab.World, int) float64) limit {
	return limit{figure, of, false, bound}
}
