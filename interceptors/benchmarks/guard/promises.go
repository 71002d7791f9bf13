package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

// promises are what the project promises, and the samples that tell.
type promises struct {
	byLoad   map[load][]*measure.Sample
	rulesets [][]*measure.Sample // by code, by code again, by data; of one method and of many
	remote   []*measure.Sample   // bare, bare again, guarded
	// observed by nobody, by telemetry without providers, and with the SDK.
	observed []*measure.Sample
}

// note keeps the samples of a load, in the order of the peers.
func (p *promises) note(l load, samples []*measure.Sample) {
	if p.byLoad == nil {
		p.byLoad = map[load][]*measure.Sample{}
	}
	p.byLoad[l] = samples
}

// The order of the peers.
const (
	afloat = iota
	gobreaker
	failsafe
)

func (p *promises) wall(l load, peer int) float64 { return p.byLoad[l][peer].Wall() }

// print sets each promise beside the measurement.
func (p *promises) print(out io.Writer) error {
	one, many := load{admitted, 1, 1}, load{admitted, 10_000, 1}
	shut, crowd := load{refused, 1, 1}, load{admitted, 1, 32}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\npromise\tat most\tmeasured")
	for _, line := range []struct {
		promise       string
		most, measure float64
	}{
		{"allocations of an admitted call", 0, p.byLoad[one][afloat].Allocs()},
		{"allocations of a refused call", 0, p.byLoad[shut][afloat].Allocs()},
		{"of gobreaker and a semaphore, one method", 0.75, p.wall(one, afloat) / p.wall(one, gobreaker)},
		{"of failsafe-go, one method", 1.0 / 6, p.wall(one, afloat) / p.wall(one, failsafe)},
		{"10,000 methods, of one", 1.5, p.wall(many, afloat) / p.wall(one, afloat)},
		{"a ruleset, of rules of code (of code again is the noise)", p.noiseOf(0), p.rulesets[0][byRuleset].Of(p.rulesets[0][byCode])},
		{"the same, 10,000 methods", p.noiseOf(1), p.rulesets[1][byRuleset].Of(p.rulesets[1][byCode])},
		{"a refused call, of an admitted one", 1, p.wall(shut, afloat) / p.wall(one, afloat)},
		{"32 goroutines on one method, of one goroutine", 1, p.wall(crowd, afloat) / p.wall(one, afloat)},
		{"ns that telemetry adds without providers", 25, p.observed[1].More(p.observed[0])},
		{"allocations that telemetry adds with the SDK's metrics", 0, p.observed[2].Allocs() - p.observed[0].Allocs()},
		{"allocations end to end, more than bare", 0.5, p.remote[2].Allocs() - p.remote[0].Allocs()},
		{"CPU time end to end, of bare (bare again is the noise)", p.noise(), p.remote[2].CPU() / p.remote[0].CPU()},
	} {
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\n", line.promise, line.most, line.measure)
	}
	return table.Flush()
}

// noiseOf is by how much rules of code differ from the same.
func (p *promises) noiseOf(i int) float64 {
	r := p.rulesets[i][byCodeAgain].Of(p.rulesets[i][byCode])
	return max(r, 1/r)
}

// noise is by how much bare differs from bare.
func (p *promises) noise() float64 {
	r := p.remote[1].CPU() / p.remote[0].CPU()
	return max(r, 1/r)
}
