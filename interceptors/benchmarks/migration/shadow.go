package migration

import (
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

func watchInside(old grpc.DialOption, o policy.Observer) ([]grpc.DialOption, error) {
	rules, err := interceptors.NewRules([]policy.Rule{{
		Match: "*",
		Policies: []policy.Template{
			breaker.Each(breaker.Config{Mode: breaker.Shadow}),
		},
	}}, policy.WithObserver(o))
	if err != nil {
		return nil, err
	}
	return append([]grpc.DialOption{old}, interceptors.DialOptions(rules)...), nil
}
