package main

import (
	"context"
	"fmt"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// functions measures guards of functions that are not gRPC and fail with plain errors.
func functions(ctx context.Context, e measure.Effort, p *measure.Page) error {
	for _, deadline := range []bool{true, false} {
		l := load{kind: failingPlainly, methods: 1, goroutines: 1, deadline: deadline}
		if err := l.functions(ctx, e, p); err != nil {
			return err
		}
	}
	return nil
}

func (l load) functions(ctx context.Context, e measure.Effort, p *measure.Page) error {
	ctx, cancel := l.caller(ctx)
	defer cancel()
	all := peers.Functions()
	all = append(all[:1:1], all...) // the first is the base, twice
	var systems []measure.System
	for i, peer := range all {
		do, err := peer.New(peers.Config{Places: 100, OpenFor: time.Hour})
		if err != nil {
			return fmt.Errorf("%s: %w", peer.Name, err)
		}
		s := measure.System{Name: peer.Name, Sample: l.functionSample(ctx, do)}
		if i > 2 { // afloat's
			s.Goal = &measure.Goal{Most: 1}
		}
		systems = append(systems, s)
	}
	p.Compare(e, "a function, "+l.String(), measure.Ratio(), systems)
	return nil
}

func (l load) functionSample(ctx context.Context, do peers.Do) *measure.Sample {
	ok := func(context.Context) error { return nil }
	down := func(context.Context) error { return errPlain }
	return &measure.Sample{Goroutines: 1, Call: func(i int) {
		f := down
		if i%1024 == 0 {
			f = ok
		}
		_ = do(ctx, f) // the outcome is the load's
	}}
}
