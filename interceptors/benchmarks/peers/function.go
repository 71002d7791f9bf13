package peers

import (
	"context"
	"errors"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// FunctionPeer is a library's guard of plain functions.
type FunctionPeer struct {
	Name string
	New  func(Config) (Do, error)
}

// Do calls f under a guard.
type Do func(ctx context.Context, f func(context.Context) error) error

// Functions returns the guards of functions: gobreaker's first, once with the
// semaphore's refusals left out of its counts and once counted.
func Functions() []FunctionPeer {
	return []FunctionPeer{
		{NameGobreaker, gobreakerDo(func(err error) bool { return errors.Is(err, errFull) })},
		{NameCounting, gobreakerDo(nil)},
		{"Chain.Run, " + NameAfloat, chainRun},
		{"policy.Run, a breaker alone", policyRun},
	}
}

// gobreakerDo returns Execute around a semaphore.
func gobreakerDo(excluded func(error) bool) func(Config) (Do, error) {
	return func(cfg Config) (Do, error) { return newGobreakerMethod(cfg, excluded).do, nil }
}

func chainRun(cfg Config) (Do, error) {
	b, err := breaker.New(circuit(cfg))
	if err != nil {
		return nil, err
	}
	places, err := bulkhead.New(bulkhead.Config{MaxConcurrent: cfg.Places})
	if err != nil {
		return nil, err
	}
	chain, err := policy.NewChain([]policy.Policy{b, places})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, f func(context.Context) error) error { return chain.Run(ctx, "query", f) }, nil
}

func policyRun(cfg Config) (Do, error) {
	b, err := breaker.New(circuit(cfg))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, f func(context.Context) error) error { return policy.Run(ctx, b, "query", f) }, nil
}
