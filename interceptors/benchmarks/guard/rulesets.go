package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// byRuleset is where the ruleset stands among the systems of rulesetSystems.
const byRuleset = 2

// rulesets measures the guard by rules of code and by rules that are data.
func rulesets(ctx context.Context, e measure.Effort, p *measure.Page) error {
	l := load{admitted, 1, 1, true}
	ctx, cancel := l.caller(ctx)
	defer cancel()
	for _, l.methods = range []int{1, 10_000} {
		systems, err := rulesetSystems(ctx, l)
		if err != nil {
			return err
		}
		p.Compare(e, l.String()+", of rules of code", measure.Ratio(), systems)
	}
	return nil
}

// rulesetSystems returns rules of code, twice, and a ruleset. Both find their chains in
// the same table, so the second may cost what the first does and what noise there is.
func rulesetSystems(ctx context.Context, l load) ([]measure.System, error) {
	code := peers.Peer{Name: "rules of code", New: peers.Afloat}
	data := peers.Peer{Name: "a ruleset", New: func(cfg peers.Config) (grpc.UnaryClientInterceptor, error) {
		return peers.Ruleset(cfg, l.names())
	}}
	var all []measure.System
	for _, peer := range []peers.Peer{code, code, byRuleset: data} {
		s, err := l.sample(ctx, peer)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", peer.Name, err)
		}
		all = append(all, measure.System{Name: peer.Name, Sample: s})
	}
	all[byRuleset].Goal = &measure.Goal{Most: 1.05}
	return all, nil
}
