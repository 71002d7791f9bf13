// Both is a client under afloat's built-in rule, with telemetry around otelgrpc.
package main

import (
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/benchmarks/size/client"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

func main() {
	tel, err := telemetry.New()
	if err != nil {
		client.Exit(err)
	}
	rules, err := interceptors.Default(rules.WithObserver(tel))
	if err != nil {
		client.Exit(err)
	}
	client.Main(append(interceptors.DialOptions(rules),
		grpc.WithStatsHandler(telemetry.ClientHandler(otelgrpc.NewClientHandler())))...)
}
