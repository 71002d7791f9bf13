package migration

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

func withoutGobreaker() ([]grpc.DialOption, error) {
	rules, err := interceptors.NewRules([]rules.Rule{{
		Match: "*",
		Policies: []rules.Template{
			// One for all methods of a connection. Without Per each method has its own.
			breaker.Each(breaker.Consecutive(5, 5*time.Second)).Per(rules.PerTarget),
			bulkhead.Each(bulkhead.Config{MaxConcurrent: 10}).Per(rules.PerTarget),
		},
	}})
	if err != nil {
		return nil, err
	}
	return interceptors.DialOptions(rules), nil
}

// stock reads a database behind a breaker.
type stock struct {
	circuit *breaker.Breaker
	query   func(ctx context.Context, sku string) (int, error)
}

func (s *stock) read(ctx context.Context, sku string) (n int, err error) {
	err = policy.Run(ctx, s.circuit, "read stock", func(ctx context.Context) error {
		n, err = s.query(ctx, sku)
		return err
	})
	return n, err
}
