package main

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/failsafegrpc"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
	"github.com/afloat-go/afloat/interceptors/breaker"
	afloatbulkhead "github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// budget is the time of each source, patience that of a user.
const (
	budget   = 250 * time.Millisecond
	patience = 2 * time.Second
	openFor  = 5 * time.Second
	places   = 20
)

// system is a way of guarding the calls of a page.
type system struct {
	name string
	// timeout is that of each source.
	timeout time.Duration
	// dial makes the options of the connections.
	dial func(o policy.Observer) ([]grpc.DialOption, error)
}

// systems returns afloat's last. Gobreaker is there twice, both times with a semaphore:
// whether its breaker counts the semaphore's refusals decides what becomes of a slow
// backend.
func systems() []system {
	return []system{
		{"nothing", patience, nothing},
		{"gobreaker, refusals left out", budget, consecutive(peers.Gobreaker, 6)},
		{"gobreaker, refusals counted", budget, consecutive(peers.GobreakerCounting, 6)},
		{"failsafe-go, 50 % of 10 s", budget, failsafeRatio},
		{"failsafe-go, 10 in a row", budget, consecutive(peers.Failsafe, 10)},
		{"afloat", budget, afloat},
	}
}

func nothing(policy.Observer) ([]grpc.DialOption, error) { return nil, nil }

// consecutive opens after some failures in a row.
func consecutive(
	peer func(peers.Config) (grpc.UnaryClientInterceptor, error), failures int,
) func(policy.Observer) ([]grpc.DialOption, error) {
	return func(policy.Observer) ([]grpc.DialOption, error) {
		guard, err := peer(peers.Config{Places: places, Failures: failures, OpenFor: openFor})
		return []grpc.DialOption{grpc.WithChainUnaryInterceptor(guard)}, err
	}
}

// failsafeRatio is the way that failsafe-go's documentation shows first.
func failsafeRatio(policy.Observer) ([]grpc.DialOption, error) {
	circuit := circuitbreaker.NewBuilder[any]().WithFailureRateThreshold(0.5, 20, 10*time.Second).WithDelay(openFor).Build()
	guard := failsafegrpc.NewUnaryClientInterceptor(circuit, bulkhead.New[any](places))
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(guard)}, nil
}

// afloat is what interceptors.Default has, and from when a call counts as slow.
func afloat(o policy.Observer) ([]grpc.DialOption, error) {
	rules, err := interceptors.NewRules([]rules.Rule{{Match: "*", Policies: []rules.Template{
		timeout.Each(timeout.Config{Default: interceptors.DefaultTimeout}),
		breaker.Each(breaker.Config{SlowAfter: 50 * time.Millisecond}).On(policy.Client),
		afloatbulkhead.Each(afloatbulkhead.Config{MaxConcurrent: interceptors.DefaultMaxConcurrent}).Per(rules.PerTarget),
	}}}, rules.WithObserver(o))
	if err != nil {
		return nil, err
	}
	return interceptors.DialOptions(rules), nil
}

// openings notes until when circuits are open.
type openings struct {
	policy.NopObserver

	mu    sync.Mutex
	until time.Time // the last
}

// Transition is called by the breakers.
func (o *openings) Transition(t policy.Transition) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t.To == "open" {
		o.until = t.Until.Time()
	}
}

func (o *openings) last() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.until
}
