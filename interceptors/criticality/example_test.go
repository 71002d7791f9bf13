package criticality_test

import (
	"context"
	"fmt"

	"github.com/afloat-go/afloat/interceptors/criticality"
)

func ExampleWith() {
	ctx := criticality.With(context.Background(), criticality.Medium)
	fmt.Println(criticality.Of(ctx))

	// Further down nobody makes it matter more.
	fmt.Println(criticality.Of(criticality.With(ctx, criticality.Critical)))
	fmt.Println(criticality.Of(criticality.With(ctx, criticality.Low)))
	// Output:
	// medium
	// medium
	// low
}

func ExampleWithCohort() {
	ctx := criticality.WithCohort(context.Background(), "user-4711")
	same := criticality.Of(ctx) == criticality.Of(criticality.WithCohort(context.Background(), "user-4711"))
	fmt.Println(same)
	// Output: true
}
