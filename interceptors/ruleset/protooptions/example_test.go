package protooptions_test

import (
	"context"
	"fmt"

	"github.com/afloat-go/afloat/interceptors/fanout"
	testoptionsv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/options/v1"
	"github.com/afloat-go/afloat/interceptors/ruleset/protooptions"
)

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
