package telemetry_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

func dial(target string, tel *telemetry.Observer) (*grpc.ClientConn, error) {
	rules, err := interceptors.Default(rules.WithObserver(tel))
	if err != nil {
		return nil, err
	}
	return grpc.NewClient(target, append(interceptors.DialOptions(rules),
		// otelgrpc makes the spans of calls; afloat says on them what it decided.
		grpc.WithStatsHandler(telemetry.ClientHandler(otelgrpc.NewClientHandler())),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
}

// A client whose calls are traced, counted and, where a circuit opens, logged.
func ExampleNew() {
	tel, err := telemetry.New() // the global providers, and slog.Default()
	if err != nil {
		fmt.Println(err)
		return
	}
	cc, err := dial("localhost:50051", tel)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cc.Close()
	fmt.Println(cc.Target())
	// Output: localhost:50051
}

// The log tells which circuit opened, and on what figures.
func ExampleWithLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	tel, err := telemetry.New(telemetry.WithLogger(logger))
	if err != nil {
		fmt.Println(err)
		return
	}
	circuit, err := breaker.New(
		breaker.Config{ConsecutiveFailures: 3, OpenFor: 5 * time.Second, NoJitter: true},
		breaker.WithName("inventory"), breaker.WithObserver(tel))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		_ = policy.Run(context.Background(), circuit, "read stock", func(context.Context) error {
			return status.Error(codes.Unavailable, "no connection")
		})
	}
	// Output: level=WARN msg="circuit changed its state" policy=breaker name=inventory side=local from=closed to=open cause=consecutive_failures calls=3 failures=3 slow=0 overdue=0 for=2.666666666s
}
