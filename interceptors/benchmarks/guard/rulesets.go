package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// The samples of a guard by code and by data.
const (
	byCode = iota
	byCodeAgain
	byRuleset
)

// rulesets measures the guard by rules of code, the same again, which shows the
// noise, and by rules that are data.
func rulesets(out io.Writer, e effort, p *promises) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\na call: ns (allocations)\tmethods\trules of code\tof code again\tof a ruleset\tagain, of code\truleset, of code\t")
	for _, methods := range []int{1, 10_000} {
		samples, err := rulesetSamples(load{admitted, methods, 1})
		if err != nil {
			return err
		}
		e.measure(samples...)
		fmt.Fprintf(table, "admitted\t%d\t", methods)
		for _, s := range samples {
			fmt.Fprintf(table, "%.0f (%.0f)\t", s.Wall(), s.Allocs())
		}
		fmt.Fprintf(table, "%.3f\t%.3f\t\n", samples[byCodeAgain].Of(samples[byCode]), samples[byRuleset].Of(samples[byCode]))
		p.rulesets = append(p.rulesets, samples)
	}
	return table.Flush()
}

func rulesetSamples(l load) ([]*measure.Sample, error) {
	cc, err := grpc.NewClient("passthrough:///guard", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	data := peers.Peer{Name: "ruleset", New: func(cfg peers.Config) (grpc.UnaryClientInterceptor, error) {
		return peers.Ruleset(cfg, l.names())
	}}
	code := peers.All()[afloat]
	var all []*measure.Sample
	for _, peer := range []peers.Peer{byCode: code, byCodeAgain: code, byRuleset: data} {
		s, err := l.sample(peer, cc)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", peer.Name, err)
		}
		all = append(all, s)
	}
	return all, nil
}
