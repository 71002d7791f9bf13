package migration

import (
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

func watchInside(old grpc.DialOption, o policy.Observer) ([]grpc.DialOption, error) {
	rules, err := interceptors.NewRules([]rules.Rule{{
		Match: "*",
		Policies: []rules.Template{
			breaker.Each(breaker.Config{Mode: breaker.Shadow}),
		},
	}}, rules.WithObserver(o))
	if err != nil {
		return nil, err
	}
	return append([]grpc.DialOption{old}, interceptors.DialOptions(rules)...), nil
}
