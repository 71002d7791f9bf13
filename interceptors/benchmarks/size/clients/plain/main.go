// Plain is a client of gRPC and of nothing else.
package main

import "github.com/afloat-go/afloat/interceptors/benchmarks/size/client"

func main() { client.Main() }
