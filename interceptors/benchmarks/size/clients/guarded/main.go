// Guarded is a client under afloat's built-in rule: a breaker, a bulkhead and a
// timeout.
package main

import (
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/benchmarks/size/client"
)

func main() {
	rules, err := interceptors.Default()
	if err != nil {
		client.Exit(err)
	}
	client.Main(interceptors.DialOptions(rules)...)
}
