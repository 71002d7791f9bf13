package condition_test

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/condition"
	"github.com/afloat-go/afloat/interceptors/fallback"
	quotesv1 "github.com/afloat-go/afloat/interceptors/internal/quoteproto/afloat/test/quotes/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// quoteRules say when a quote has failed.
func quoteRules() (*rules.Rules, error) {
	return rules.New([]rules.Rule{{
		Match: "/afloat.test.quotes.v1.QuoteService/*",
		Conditions: []condition.Condition{
			{
				Name:     "error in the answer",
				Response: condition.Response{Path: "state", Values: []string{"STATE_ERROR"}},
				Verdict:  condition.Failure,
			},
			{Codes: []codes.Code{codes.NotFound}, Reason: "SHARD_DOWN", Verdict: condition.Failure},
		},
		Policies: []rules.Template{breaker.Each(breaker.Config{})},
	}})
}

// quoteStep is a step of a chain of fallbacks, which fails if its rule says that the answer
// is a failure.
func quoteStep(client quotesv1.QuoteServiceClient) fallback.Step[*quotesv1.GetQuoteRequest, *quotesv1.GetQuoteResponse] {
	return fallback.To("quotes", func(ctx context.Context, req *quotesv1.GetQuoteRequest) (*quotesv1.GetQuoteResponse, error) {
		var told policy.Told
		quote, err := client.GetQuote(ctx, req, policy.Tell(&told))
		if j, ok := told.Judgement(); ok && err == nil {
			err = j.Err()
		}
		return quote, err
	})
}

var _ = quoteStep

// A rule has conditions, and says which of them have decided.
func Example() {
	quotes, err := quoteRules()
	if err != nil {
		fmt.Println(err)
		return
	}
	call := policy.Call{Method: quotesv1.QuoteService_GetQuote_FullMethodName, Side: policy.Client}
	for _, c := range quotes.ConditionsOf(&call).Status() {
		fmt.Printf("%s: %v, %d calls\n", c.By, c.Verdict, c.Met)
	}
	// Output:
	// error in the answer: failure, 0 calls
	// conditions[1]: failure, 0 calls
}
