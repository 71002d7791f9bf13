package rules_test

import (
	"context"
	"fmt"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// labelled is a policy that lets everything through.
type labelled struct{ name string }

func (labelled) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}

// The closest pattern alone applies to a method.
func ExampleNew() {
	label := func(name string) rules.Template { return rules.Use(labelled{name}) }
	all, err := rules.New([]rules.Rule{
		{Match: "*", Policies: []rules.Template{label("any")}},
		{Match: "/shop.*", Policies: []rules.Template{label("package")}},
		{Match: "/shop.Catalog/Get", Policies: []rules.Template{label("method")}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range []string{
		"/shop.Catalog/Get", "/shop.Catalog/List", "/users.Users/Get", "/grpc.health.v1.Health/Check",
	} {
		fmt.Println(m, all.Resolve(&policy.Call{Method: m}).Policies())
	}
	// Output:
	// /shop.Catalog/Get [{method}]
	// /shop.Catalog/List [{package}]
	// /users.Users/Get [{any}]
	// /grpc.health.v1.Health/Check []
}

// All faults are reported at once.
func ExampleNew_faults() {
	_, err := rules.New([]rules.Rule{
		{Match: "shop.Catalog/Get"},
		{Match: "*", Policies: []rules.Template{{}}},
	}, rules.WithMaxKeys(-1))
	fmt.Println(err)
	// Output:
	// rules: max_keys = -1; must be in [1, 1048576]
	// rules: match = "shop.Catalog/Get"; must be "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" or "*"
	// rule "*": New of policy 0 = nil; must be a function
}
