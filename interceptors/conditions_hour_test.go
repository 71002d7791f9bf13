package interceptors_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	quotesv1 "github.com/afloat-go/afloat/interceptors/internal/quoteproto/afloat/test/quotes/v1"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// The first half of an operator's hour: a backend answers OK, and in its answers that it has
// none. Nothing sees that, until a condition is added to the file. Then the callers get the
// fallback's answer at once, the circuit opens and says why, and once the backend is well
// all is as before.
func TestAnswersThatAreErrorsAreFoundOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "rules.yaml")
		write := func(text string) {
			t.Helper()
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		const without = `rules:
  - match: /afloat.test.quotes.v1.QuoteService/*
    side: client
    breaker: {}
`
		const with = without + `    conditions:
      - name: no quote
        response: {path: state, values: [STATE_ERROR]}
        verdict: failure
`
		write(without)
		set, err := config.New(config.WithFile(path), config.WithLogger(slog.New(slog.DiscardHandler)))
		if err != nil {
			t.Fatal(err)
		}
		quote := fallback.For[*quotesv1.GetQuoteRequest, *quotesv1.GetQuoteResponse](quotesv1.QuoteService_GetQuote_FullMethodName)
		fallbacks, err := fallback.NewMethods("passthrough:///quotes", quote.Else(quote.Static(&quotesv1.GetQuoteResponse{Text: "of yesterday"})))
		if err != nil {
			t.Fatal(err)
		}
		service, asked := &quotes{state: quotesv1.State_STATE_ERROR}, 0
		count := func(ctx context.Context) error { asked++; return nil }
		service.set(quotesv1.State_STATE_ERROR, count)
		server := grpc.NewServer(grpc.WaitForHandlers(true))
		quotesv1.RegisterQuoteServiceServer(server, service)
		client := quotesv1.NewQuoteServiceClient(rpctest.Serve(t, server, "quotes",
			interceptors.DialOptions(set.Rules(), interceptors.WithFallbacks(fallbacks))...))
		// traffic makes 100 calls a second, and returns how many the backend answered and how
		// many the fallback.
		traffic := func(calls int) (backend, fallen int) {
			for range calls {
				var report degrade.Report
				resp, err := client.GetQuote(t.Context(), new(quotesv1.GetQuoteRequest), degrade.Capture(&report))
				switch {
				case err != nil:
					t.Fatal(err)
				case resp.GetText() == "of yesterday" && report.State("") == degrade.Defaulted:
					fallen++
				default:
					backend++
				}
				time.Sleep(10 * time.Millisecond)
			}
			return backend, fallen
		}
		// circuit is the only one that there is.
		circuit := func() config.LivePolicy {
			t.Helper()
			all := set.Snapshot().Policies
			if len(all) != 1 {
				t.Fatalf("policies %+v; want one", all)
			}
			return all[0]
		}

		if backend, fallen := traffic(200); backend != 200 || fallen != 0 {
			t.Errorf("without a condition: %d answers of the backend, %d of the fallback", backend, fallen)
		}
		write(with)
		if err := set.Reload(); err != nil {
			t.Fatal(err)
		}
		asked = 0
		if backend, fallen := traffic(200); backend != 0 || fallen != 200 || asked > 100 {
			t.Errorf("with a condition: %d answers of the backend, %d of the fallback; the backend was asked %d times", backend, fallen, asked)
		}
		if c := circuit(); c.Status.(breaker.Snapshot).OpenedBy != "no quote" || set.Snapshot().Message().GetPolicies()[0].GetOpenedBy() != "no quote" {
			t.Errorf("circuit %+v; want it open by the condition", c.Status)
		}
		call := policy.Call{Method: quotesv1.QuoteService_GetQuote_FullMethodName, Target: "passthrough:///quotes", Side: policy.Client}
		if all := set.Rules().ConditionsOf(&call).Status(); len(all) != 1 || all[0].By != "no quote" || all[0].Met != uint64(asked) {
			t.Errorf("conditions %+v; want that %d calls met it", all, asked)
		}
		service.set(quotesv1.State_STATE_OK, count)
		time.Sleep(10 * time.Second)
		traffic(300)
		if backend, fallen := traffic(100); backend != 100 || fallen != 0 {
			t.Errorf("with a backend that is well again: %d answers of the backend, %d of the fallback", backend, fallen)
		}
		if s := circuit().Status.(breaker.Snapshot); s.State != breaker.Closed || s.OpenedBy != "" {
			t.Errorf("circuit %+v; want it closed", s)
		}
	})
}
