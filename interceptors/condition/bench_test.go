package condition_test

import (
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/condition"
	quotesv1 "github.com/afloat-go/afloat/interceptors/internal/quoteproto/afloat/test/quotes/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// BenchmarkJudge judges ends by a list of conditions of most kinds.
func BenchmarkJudge(b *testing.B) {
	l := newList(
		b, getQuote,
		failing(condition.Condition{Codes: []codes.Code{codes.NotFound}, Reason: "SHARD_DOWN", Domain: "quotes.example"}),
		failing(condition.Condition{Codes: []codes.Code{codes.Internal}, MessagePrefix: "deadlock"}),
		failing(condition.Condition{Response: condition.Response{Path: "outcome.state", Values: []string{"STATE_ERROR"}}}),
		failing(condition.Condition{Codes: []codes.Code{codes.Aborted}}),
	)
	j, call := l.Judge(), &policy.Call{Method: getQuote}
	for _, bb := range []struct {
		name string
		end  policy.Outcome
	}{
		{"a bare status that meets none", failed(codes.Unavailable, "gone")},
		{"a bare status whose code meets some", failed(codes.NotFound, "no such quote")},
		{"a bare status that meets one", failed(codes.Aborted, "again")},
		{"a status with details", failed(codes.NotFound, "", info("SHARD_DOWN", "quotes.example"))},
		{"a good answer", answered(&quotesv1.GetQuoteResponse{Outcome: &quotesv1.Outcome{State: quotesv1.State_STATE_OK}})},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				j.Judge(call, &bb.end)
			}
		})
	}
}
