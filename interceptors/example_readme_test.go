package interceptors_test

import (
	"fmt"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/retrying"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// The functions of this file stand in the README, word for word.

func dial(target string) (*grpc.ClientConn, error) {
	rules, err := interceptors.NewRules([]rules.Rule{{
		Match: "/shop.Payments/*",
		Policies: []rules.Template{
			timeout.Each(timeout.Config{Default: time.Second}),
			breaker.Each(breaker.Config{SlowAfter: 300 * time.Millisecond}),
			bulkhead.Each(bulkhead.Config{MaxConcurrent: 10}).Per(rules.PerService),
		},
	}})
	if err != nil {
		return nil, err // every fault of every rule, each naming field, value and range
	}
	opts := interceptors.DialOptions(rules)
	opts = append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))
	return grpc.NewClient(target, opts...)
}

func newServer() (*grpc.Server, error) {
	rules, err := interceptors.NewRules([]rules.Rule{{
		Match: "*",
		Policies: []rules.Template{
			timeout.Each(timeout.Config{Max: 5 * time.Second}),
			bulkhead.Each(bulkhead.Config{
				MaxConcurrent: 200, MaxQueue: 50, MaxWait: 100 * time.Millisecond,
			}).Per(rules.PerTarget),
		},
	}})
	if err != nil {
		return nil, err
	}
	return grpc.NewServer(interceptors.ServerOptions(rules)...), nil
}

func dialWithRetry(target string, rules *rules.Rules, fallbacks *fallback.Methods) (*grpc.ClientConn, error) {
	opts := interceptors.DialOptions(rules,
		interceptors.WithFallbacks(fallbacks), // outermost: they answer what no attempt does
		retrying.WithRetry(retry.WithMax(3)),  // then the retry, which does not repeat refusals
	) // and the guard, which judges every attempt
	return grpc.NewClient(target, append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
}

func ExampleNewRules() {
	cc, err := dial("dns:///payments.example:443")
	fmt.Println(cc.Target(), err)
	fmt.Println(cc.Close())
	// Output:
	// dns:///payments.example:443 <nil>
	// <nil>
}

func ExampleServerOptions() {
	server, err := newServer()
	fmt.Println(err)
	server.Stop()
	// Output: <nil>
}

// One line guards every call of a client.
func ExampleDefault() {
	rules, err := interceptors.Default()
	if err != nil {
		fmt.Println(err)
		return
	}
	cc, err := dialWithRetry("dns:///catalog.example:443", rules, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cc.Close()
	for _, p := range rules.Resolve(&policy.Call{Method: "/shop.Catalog/Get"}).Policies() {
		fmt.Printf("%T\n", p)
	}
	// Output:
	// *timeout.Timeout
	// *breaker.Breaker
	// *bulkhead.Bulkhead
}
