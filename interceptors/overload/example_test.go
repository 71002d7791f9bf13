package overload_test

import (
	"fmt"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// A server under control whose orders matter most, and its prefetching least.
func Example() {
	r, err := interceptors.NewRules([]rules.Rule{
		{Match: "/shop.v1.Orders/Place", Criticality: criticality.Critical},
		{Match: "/shop.v1.Pages/Prefetch", Criticality: criticality.Low},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := grpc.NewServer(interceptors.ServerOptions(r, interceptors.WithOverloadControl())...)
	defer server.Stop()
	for l := range r.Live() {
		if c, ok := l.Policy.(*overload.Control); ok {
			fmt.Println(l.Kind, c.Snapshot().InFlight, "in flight, pressure", c.Pressure())
		}
	}
	// Output: overload 0 in flight, pressure 0
}

// A client that needs no number either.
func ExampleEach() {
	r, err := rules.New([]rules.Rule{{
		Match: "*", Sides: []policy.Side{policy.Client}, Policies: []rules.Template{overload.Each(overload.Config{})},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(interceptors.DialOptions(r)) > 0)
	// Output: true
}
