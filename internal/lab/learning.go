package lab

import "time"

// learning returns the worlds of services that are not all as fast: how long is slow has
// to be learned.
func learning() []World {
	var all []World
	for _, typical := range []time.Duration{time.Millisecond, 7 * time.Millisecond, 50 * time.Millisecond, 300 * time.Millisecond, 2 * time.Second} {
		for _, p := range []pace{steady(typical), twofold(typical)} {
			all = append(all, learned(p, "hangs"), learned(p, "fails"))
		}
	}
	return append(all, learned(batch(), "hangs"), learned(changing(), "hangs"))
}

// pace is how long the calls of a service take.
type pace struct {
	name, words string
	typical     time.Duration
	p99         time.Duration
	takes       func(at time.Duration, luck Draw) time.Duration
}

// steady returns a log-normal pace.
func steady(typical time.Duration) pace {
	return pace{
		brief(typical), "Calls take " + spoken(typical) + ".", typical, logNormal.at(typical, 0.99),
		func(_ time.Duration, luck Draw) time.Duration { return luck.Around(typical) },
	}
}

// twofold returns the pace of hits and misses of a cache: of four calls, one takes twenty times as long
// as the others.
func twofold(typical time.Duration) pace {
	return pace{
		brief(typical) + "-bimodal", "Three of four calls take a twentieth of " + spoken(typical) + ", the fourth that.", typical,
		logNormal.at(typical, 0.96),
		func(_ time.Duration, luck Draw) time.Duration {
			if luck.HitsToo(Percent(75)) {
				return luck.Around(typical / 20)
			}
			return luck.Around(typical)
		},
	}
}

// changing returns the pace of a cache whose share of hits goes up and down.
func changing() pace {
	const typical = 80 * time.Millisecond
	return pace{
		"changing-hits", "Calls take 1 ms or 80 ms; which of the two most take changes every 30 s.", typical,
		logNormal.at(typical, 0.98),
		func(at time.Duration, luck Draw) time.Duration {
			hits := Percent(95)
			if at/(30*time.Second)%2 == 1 {
				hits = Percent(40)
			}
			if luck.HitsToo(hits) {
				return luck.Around(time.Millisecond)
			}
			return luck.Around(typical)
		},
	}
}

// batch returns a pace that takes a hundred times as long for some calls as for others.
func batch() pace {
	const typical = 300 * time.Millisecond
	return pace{
		"batch", "Calls take from 30 ms to 3 s, as much as they have to do.", typical, wide.at(typical, 0.99),
		func(_ time.Duration, luck Draw) time.Duration { return luck.Widely(typical) },
	}
}

// learned returns the world of a service of some pace that is well for long enough to be learned, and then
// hangs, or fails after as long as its calls take.
func learned(p pace, how string) World {
	about := p.words + " After 40 s or more, it hangs for 20 s."
	if how == "fails" {
		about = p.words + " After 40 s or more, it fails for 20 s."
	}
	w := newWorld("learns-"+p.name+"-"+how, about, func(dice *Dice, _ int) Course {
		from := 40*time.Second + dice.Below(10*time.Second)
		fault := Span{from, from + 20*time.Second}
		return Course{Length: fault.To + afterOutage, Fault: fault, Outage: true, Answer: func(at time.Duration, luck Draw) Answer {
			switch {
			case !fault.Has(at):
				return good(p.takes(at, luck))
			case how == "hangs":
				return hang
			default:
				return failed(p.takes(at, luck))
			}
		}}
	})
	w.Healthy, w.SlowOver = p.p99, 3*p.p99
	w.Deadline = max(defaultDeadline, 10*p.p99)
	w.Rates, w.Runs, w.Fallback = []int{20, 400}, 5, how == "hangs"
	return w
}
