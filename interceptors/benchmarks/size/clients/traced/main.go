// Traced is a client of otelgrpc.
package main

import (
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/benchmarks/size/client"
)

func main() { client.Main(grpc.WithStatsHandler(otelgrpc.NewClientHandler())) }
