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
	"github.com/afloat-go/afloat/interceptors/condition"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	quotesv1 "github.com/afloat-go/afloat/interceptors/internal/quoteproto/afloat/test/quotes/v1"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// backend is a service that answers OK, and may say in its answers that it has none, and a
// client of it by the rules of a file, with a fallback.
type backend struct {
	quotes

	path   string
	set    *config.Set
	client quotesv1.QuoteServiceClient
	asked  int
}

const (
	backendRules = `rules:
  - match: /afloat.test.quotes.v1.QuoteService/*
    side: client
    breaker: {}
`
	backendConditions = `    conditions:
      - name: no quote
        response: {path: state, values: [STATE_ERROR]}
        verdict: failure
`
)

// newBackend starts the service and the client.
func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{path: filepath.Join(t.TempDir(), "rules.yaml")}
	b.write(t, backendRules)
	var err error
	if b.set, err = config.New(config.WithFile(b.path), config.WithLogger(slog.New(slog.DiscardHandler))); err != nil {
		t.Fatal(err)
	}
	quote := fallback.For[*quotesv1.GetQuoteRequest, *quotesv1.GetQuoteResponse](quotesv1.QuoteService_GetQuote_FullMethodName)
	fallbacks, err := fallback.NewMethods("passthrough:///quotes", quote.Else(quote.Static(&quotesv1.GetQuoteResponse{Text: "of yesterday"})))
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.WaitForHandlers(true))
	quotesv1.RegisterQuoteServiceServer(server, &b.quotes)
	b.client = quotesv1.NewQuoteServiceClient(rpctest.Serve(t, server, "quotes",
		interceptors.DialOptions(b.set.Rules(), interceptors.WithFallbacks(fallbacks))...))
	return b
}

// write writes the file.
func (b *backend) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(b.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// says has the service answer in a state.
func (b *backend) says(state quotesv1.State) {
	b.quotes.set(state, func(context.Context) error {
		b.asked++ // under the lock of the service, one call after the other
		return nil
	})
}

// traffic makes calls, a hundred a second, and requires whose answers the callers get: all
// of the backend, or all of the fallback.
func (b *backend) traffic(t *testing.T, calls int, fallen bool) {
	t.Helper()
	for i := range calls {
		var report degrade.Report
		resp, err := b.client.GetQuote(t.Context(), new(quotesv1.GetQuoteRequest), degrade.Capture(&report))
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.GetText() == "of yesterday" && report.State("") == degrade.Defaulted; got != fallen {
			t.Fatalf("call %d has the answer %q, marked as %v", i, resp.GetText(), report.State(""))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// circuit returns the state of the only circuit that there is.
func (b *backend) circuit(t *testing.T) breaker.Snapshot {
	t.Helper()
	all := b.set.Snapshot().Policies
	if len(all) != 1 {
		t.Fatalf("policies %+v; want one", all)
	}
	s, ok := all[0].Status.(breaker.Snapshot)
	if !ok {
		t.Fatalf("policy %+v; want a circuit", all[0])
	}
	return s
}

// conditions returns those by which calls are judged.
func (b *backend) conditions() []condition.Status {
	call := policy.Call{Method: quotesv1.QuoteService_GetQuote_FullMethodName, Target: "passthrough:///quotes", Side: policy.Client}
	return b.set.Rules().ConditionsOf(&call).Status()
}

// The first half of an operator's hour: a backend answers OK, and in its answers that it has
// none. Nothing sees that, until a condition is added to the file. Then the callers get the
// fallback's answer at once, the circuit opens and says why, and once the backend is well
// all is as before.
func TestAnswersThatAreErrorsAreFoundOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		b.says(quotesv1.State_STATE_ERROR)
		b.traffic(t, 200, false)
		b.write(t, backendRules+backendConditions)
		if err := b.set.Reload(); err != nil {
			t.Fatal(err)
		}
		b.asked = 0
		b.traffic(t, 200, true)
		if b.asked == 0 || b.asked > 100 {
			t.Errorf("the backend was asked %d times; want the circuit open soon", b.asked)
		}
		told := b.set.Snapshot().Message().GetPolicies()[0]
		if s := b.circuit(t); s.OpenedBy != "no quote" || told.GetOpenedBy() != "no quote" {
			t.Errorf("circuit %+v; want it open by the condition", s)
		}
		if all := b.conditions(); len(all) != 1 || all[0].By != "no quote" || all[0].Met != uint64(b.asked) {
			t.Errorf("conditions %+v; want that %d calls met it", all, b.asked)
		}
		b.says(quotesv1.State_STATE_OK)
		time.Sleep(20 * time.Second)
		for b.circuit(t).State != breaker.Closed {
			_, _ = b.client.GetQuote(t.Context(), new(quotesv1.GetQuoteRequest))
			time.Sleep(10 * time.Millisecond)
		}
		b.traffic(t, 100, false)
		if s := b.circuit(t); s.OpenedBy != "" {
			t.Errorf("circuit %+v; want it opened by nothing", s)
		}
	})
}
