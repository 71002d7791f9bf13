package config_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/timeout"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// dial guards a client by the rules of a file, which is followed until ctx ends.
func dial(ctx context.Context, target string) (*grpc.ClientConn, error) {
	set, err := config.New(config.WithFile("rules.yaml"))
	if err != nil {
		return nil, err // every fault of the file, with line and column
	}
	go func() {
		if err := set.Watch(ctx); err != nil {
			slog.Error("the rules file is not watched", "error", err)
		}
	}()
	opts := interceptors.DialOptions(set.Rules())
	opts = append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))
	return grpc.NewClient(target, opts...)
}

var _ = dial

// Later sources come before earlier ones where both speak of the same calls, as the
// file does of "*" for clients, and code of /shop.Payments/*. Then the closest rule
// applies, whatever its source.
func ExampleNew() {
	path := filepath.Join(os.TempDir(), "afloat-example-rules.yaml")
	defer os.Remove(path)
	err := os.WriteFile(path, []byte(`
rules:
  - {match: "*", side: client, timeout: {max: 5s}}
  - {match: /shop.Payments/*, timeout: {max: 2s}}
  - {match: /shop.Payments/Charge, timeout: {max: 3s}}
`), 0o600)
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := config.New(
		config.WithFile(path),
		config.WithRules(rules.Rule{Match: "/shop.Payments/*", Policies: []rules.Template{
			timeout.Each(timeout.Config{Max: time.Second}),
		}}),
		config.WithLogger(slog.New(slog.DiscardHandler)),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range set.Snapshot().Rules {
		fmt.Printf("%s %v %v\n", r.Match, r.Sides, r.Source)
	}
	for _, method := range []string{"/shop.Payments/Refund", "/shop.Payments/Charge", "/users.Users/Get"} {
		fmt.Println(method, "by", set.Rules().Matching(&policy.Call{Method: method})[0].Match)
	}
	// Output:
	// /shop.Payments/Charge [] file
	// /shop.Payments/* [] code
	// * [server local] built-in
	// * [client] file
	// /shop.Payments/Refund by /shop.Payments/*
	// /shop.Payments/Charge by /shop.Payments/Charge
	// /users.Users/Get by *
}

// A control plane sends rules as messages.
func ExampleCompile() {
	set, err := config.New(config.WithoutBuiltIn(), config.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fmt.Println(err)
		return
	}
	sent := &policyv1.Rules{Rules: []*policyv1.Rule{{
		Match: "/shop.Payments/*", Timeout: &policyv1.Timeout{Max: durationpb.New(2 * time.Second)},
	}}}
	received, err := config.Compile(sent)
	if err == nil {
		err = set.Apply(received)
	}
	fmt.Println(err, set.Rules().Matching(&policy.Call{Method: "/shop.Payments/Charge"})[0].Match)

	sent.Rules[0].Timeout.Max = durationpb.New(-time.Second)
	_, err = config.Compile(sent)
	fmt.Println(err)
	// Output:
	// <nil> /shop.Payments/*
	// rules[0].timeout.max = -1s; must be in [1ms, 24h]
}

// What is in force, as JSON for an endpoint of operators.
func ExampleSet_Snapshot() {
	set, err := config.New(config.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fmt.Println(err)
		return
	}
	set.Rules().Resolve(&policy.Call{Method: "/shop.Payments/Charge"}) // as a call does
	snap := set.Snapshot()
	for _, p := range snap.Policies {
		if s, ok := p.Status.(breaker.Snapshot); ok {
			fmt.Println(p.Side, p.Name, p.Kind, s.State)
		}
	}
	text, err := protojson.Marshal(snap.Message())
	fmt.Println(len(text) > 0, err)
	// Output:
	// client /shop.Payments/Charge breaker closed
	// true <nil>
}
