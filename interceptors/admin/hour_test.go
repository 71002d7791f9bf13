package admin_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/admin"
	quotesv1 "github.com/afloat-go/afloat/interceptors/internal/quoteproto/afloat/test/quotes/v1"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// quotes is a backend that answers OK, and may say in its answers that it has none.
type quotes struct {
	quotesv1.UnimplementedQuoteServiceServer

	sick  atomic.Bool
	asked atomic.Int64
}

func (q *quotes) GetQuote(context.Context, *quotesv1.GetQuoteRequest) (*quotesv1.GetQuoteResponse, error) {
	q.asked.Add(1)
	if q.sick.Load() {
		return &quotesv1.GetQuoteResponse{State: quotesv1.State_STATE_ERROR}, nil
	}
	return &quotesv1.GetQuoteResponse{State: quotesv1.State_STATE_OK}, nil
}

const (
	quoteRules = "rules:\n  - match: /afloat.test.quotes.v1.QuoteService/*\n    side: client\n    breaker: {}\n"
	conditions = "    conditions:\n      - name: no quote\n        response: {path: state, values: [STATE_ERROR]}\n        verdict: failure\n"
	getQuote   = quotesv1.QuoteService_GetQuote_FullMethodName
	quotesAt   = "passthrough:///quotes"
)

// hour is an operator's: a process that calls the backend by the rules of a file, and its
// admin service.
type hour struct {
	quotes

	t      *testing.T
	path   string
	set    *config.Set
	client quotesv1.QuoteServiceClient
	admin  adminv1.AdminServiceClient
}

func newHour(t *testing.T) *hour {
	t.Helper()
	h := &hour{t: t, path: filepath.Join(t.TempDir(), "rules.yaml")}
	h.write(quoteRules)
	h.set = newSet(t, config.WithFile(h.path))
	server := grpc.NewServer(grpc.WaitForHandlers(true))
	quotesv1.RegisterQuoteServiceServer(server, &h.quotes)
	h.client = quotesv1.NewQuoteServiceClient(rpctest.Serve(t, server, "quotes", interceptors.DialOptions(h.set.Rules())...))
	h.admin = serve(t, h.set, admin.WithAuthoriser(ada))
	return h
}

// write changes the file.
func (h *hour) write(text string) {
	h.t.Helper()
	if err := os.WriteFile(h.path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// traffic makes a call every 10 ms for as long, and returns how many came to the backend; the
// others were refused.
func (h *hour) traffic(lasting time.Duration) (asked int) {
	h.t.Helper()
	before, refused := h.asked.Load(), 0
	for range lasting / (10 * time.Millisecond) {
		if _, err := h.client.GetQuote(h.t.Context(), new(quotesv1.GetQuoteRequest)); isOpen(err) {
			refused++
		}
		time.Sleep(10 * time.Millisecond)
	}
	asked = int(h.asked.Load() - before)
	h.between("calls", refused+asked, int(lasting/(10*time.Millisecond)), int(lasting/(10*time.Millisecond)))
	return asked
}

// explained requires what the service says of a call.
func (h *hour) explained(want ...string) {
	h.t.Helper()
	m, err := h.admin.Explain(h.t.Context(), &adminv1.ExplainRequest{Method: getQuote, Target: quotesAt})
	if err != nil {
		h.t.Fatal(err)
	}
	text := strings.Join(m.GetWords(), "\n")
	for _, w := range want {
		if !strings.Contains(text, w) {
			h.t.Errorf("explained:\n%s\nwant in it: %s", text, w)
		}
	}
}

// override has circuits do something for a minute.
func (h *hour) override(action policyv1.Action, reason string) {
	h.t.Helper()
	m, err := h.admin.Override(h.t.Context(), &adminv1.OverrideRequest{
		Scope: &policyv1.OverrideScope{Name: getQuote, Kind: "breaker"}, Reason: reason,
		Command: &adminv1.OverrideRequest_Begin_{Begin: &adminv1.OverrideRequest_Begin{Action: action, For: durationpb.New(time.Minute)}},
	})
	if err != nil || m.GetPolicies() != 1 {
		h.t.Fatalf("%v, %v; want it in force for the circuit", m, err)
	}
}

// between requires that a figure is in a range.
func (h *hour) between(what string, got, least, most int) {
	h.t.Helper()
	if got < least || got > most {
		h.t.Errorf("%s: %d; want %d to %d", what, got, least, most)
	}
}

// A backend answers OK, and in its answers that it has none. The operator finds that by asking
// why nothing is refused, adds a condition to the file, and the circuit opens. She forces it
// closed for a minute, to see for herself, and then it is open again by itself. The backend is
// repaired while she keeps calls away from it for a minute, and then they come back by degrees.
func TestAnOperatorsHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHour(t)
		h.sick.Store(true)
		asked := h.traffic(3 * time.Second)
		h.between("asked while nobody knows", asked, 300, 300)
		h.explained("The closest rule is /afloat.test.quotes.v1.QuoteService/*, from "+h.path+":2:5.", "0 failed",
			"The rule has no conditions: what a call counts as, its status code says. An answer that is OK is good", "A call would be let in now.")

		h.write(quoteRules + conditions)
		if err := h.set.Reload(); err != nil {
			t.Fatal(err)
		}
		asked = h.traffic(3 * time.Second)
		h.between("asked until the circuit is open", asked, 8, 100)
		h.explained(`A call that meets the condition "no quote" counts as failure`, `The last of them met the condition "no quote".`, "because of CIRCUIT_OPEN")

		h.override(policyv1.Action_ACTION_FORCE_CLOSED, "is it really broken?")
		asked = h.traffic(59 * time.Second)
		h.between("asked while it is forced closed", asked, 5900, 5900)
		h.explained("force_closed by ada, because: is it really broken?", "A call would be let in now.")
		time.Sleep(2 * time.Second)
		asked = h.traffic(10 * time.Second)
		h.between("asked after that minute, as what was seen in it counts", asked, 1, 100)

		h.override(policyv1.Action_ACTION_FORCE_OPEN, "it is being repaired")
		asked = h.traffic(59 * time.Second)
		h.between("asked while it is forced open", asked, 0, 0)
		h.sick.Store(false)
		asked = h.traffic(3 * time.Second)
		h.between("asked after a second more without calls, by degrees", asked, 50, 190)
		asked = h.traffic(3 * time.Second)
		h.between("asked when all is well", asked, 300, 300)
		h.explained("is closed since", "A call would be let in now.")
		h.between("in force in the end", len(h.set.Rules().Steering().InForce()), 0, 0)
	})
}
