package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// What a page has to do to be a success, and when it is delayed.
const (
	inTime  = 300 * time.Millisecond
	delayed = 100 * time.Millisecond
)

// result is what users saw during the fault.
type result struct {
	pages, successes, delayed int
	p50, p95, p99             time.Duration
	healthy99                 time.Duration // before the fault
	sickCalls                 int64
	// recovery is how long after the fault the backend last gave nothing; openLeft
	// how long its circuit stayed open after the fault, zero if that is not known.
	recovery, openLeft time.Duration
}

// result sums up.
func (t *story) result(openUntil time.Time) result {
	r := result{sickCalls: t.sick.calls.Load()}
	var healthy, sick []time.Duration
	for _, p := range t.pages {
		switch {
		case p.at < before:
			healthy = append(healthy, p.took)
		case p.at < before+during:
			sick = append(sick, p.took)
			r.add(p)
		}
	}
	r.healthy99 = percentile(healthy, 99)
	r.p50, r.p95, r.p99 = percentile(sick, 50), percentile(sick, 95), percentile(sick, 99)
	over := t.begin.Add(before + during)
	r.recovery, r.openLeft = max(0, t.trouble.Sub(over)), max(0, openUntil.Sub(over))
	return r
}

func (r *result) add(p page) {
	r.pages++
	if p.whole && p.took <= inTime {
		r.successes++
	}
	if p.took > delayed {
		r.delayed++
	}
}

// percentile is zero of nothing.
func percentile(all []time.Duration, p int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, len(all)*p/100)]
}

// header names the columns that print prints.
func header(out io.Writer) {
	fmt.Fprintln(out, "fault\tsystem\tsuccess\tp50\tp95\tp99\thealthy p99\tover 100 ms\tcalls to the sick\trecovered after\topen after the fault\t")
}

func (r result) print(out io.Writer, f fault, s system) {
	fmt.Fprintf(out, "%s\t%s\t%.1f %%\t%d ms\t%d ms\t%d ms\t%d ms\t%d of %d\t%d\t%.1f s\t%.1f s\t\n",
		f, s.name, 100*float64(r.successes)/float64(max(1, r.pages)),
		r.p50.Milliseconds(), r.p95.Milliseconds(), r.p99.Milliseconds(), r.healthy99.Milliseconds(),
		r.delayed, r.pages, r.sickCalls, r.recovery.Seconds(), r.openLeft.Seconds())
}
