package protooptions_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/afloat-go/afloat/interceptors/fanout"
	testoptionsv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/options/v1"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/rules/config/protooptions"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// All four sources: each method has the closest rule, and of two rules for the same
// calls that of the later source is in force.
func ExampleRules() {
	path := filepath.Join(os.TempDir(), "afloat-example-options.yaml")
	defer os.Remove(path)
	err := os.WriteFile(path, []byte(`
rules:
  - {match: "*", side: client, timeout: {max: 5s}}
  - {match: /afloat.test.options.v1.PaymentService/*, side: client, timeout: {max: 3s}}
`), 0o600)
	if err != nil {
		fmt.Println(err)
		return
	}
	rules, err := config.New(
		protooptions.WithRules(), // of PaymentService and of its method Charge
		config.WithFile(path),
		config.WithRules(rules.Rule{Match: testoptionsv1.CatalogService_GetItem_FullMethodName, Policies: []rules.Template{
			timeout.Each(timeout.Config{Max: time.Second}),
		}}),
		config.WithLogger(slog.New(slog.DiscardHandler)),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range rules.Snapshot().Rules {
		fmt.Printf("%v %s %v\n", r.Source, r.Match, r.Sides)
	}
	// Output:
	// code /afloat.test.options.v1.CatalogService/GetItem []
	// options /afloat.test.options.v1.PaymentService/Charge [client]
	// options /afloat.test.options.v1.PaymentService/Charge [server]
	// options /afloat.test.options.v1.PaymentService/* [server local]
	// file /afloat.test.options.v1.PaymentService/* [client]
	// built-in * [server local]
	// file * [client]
}

// A plan checks itself against what the author of the response says of its fields.
func ExampleDeclared() {
	price := func(context.Context, *testoptionsv1.GetItemRequest) (string, error) { return "5.00", nil }
	_, err := fanout.NewPlanWith(
		fanout.Config{Name: "GetItem", Declared: protooptions.Declared},
		fanout.Required("price", price, func(m *testoptionsv1.GetItemResponse, v string) { m.Price = v }),
	)
	fmt.Println(err)
	// Output: fanout "GetItem", source "price": need = required; must be optional, as the field is declared
}
