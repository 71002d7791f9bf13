package interceptors_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/condition"
	quotesv1 "github.com/afloat-go/afloat/interceptors/internal/quoteproto/afloat/test/quotes/v1"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// quotes is a service that ends its calls as it is told.
type quotes struct {
	quotesv1.UnimplementedQuoteServiceServer

	mu    sync.Mutex
	state quotesv1.State
	end   func(ctx context.Context) error // nil: well
}

// set has the service answer in a state and end its calls in a way.
func (q *quotes) set(state quotesv1.State, end func(context.Context) error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.state, q.end = state, end
}

func (q *quotes) answer(ctx context.Context) (quotesv1.State, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.end == nil {
		return q.state, nil
	}
	return q.state, q.end(ctx)
}

func (q *quotes) GetQuote(ctx context.Context, _ *quotesv1.GetQuoteRequest) (*quotesv1.GetQuoteResponse, error) {
	state, err := q.answer(ctx)
	return &quotesv1.GetQuoteResponse{State: state, Text: "from the service"}, err
}

func (q *quotes) UploadQuotes(s grpc.ClientStreamingServer[quotesv1.UploadQuotesRequest, quotesv1.UploadQuotesResponse]) error {
	for {
		if _, err := s.Recv(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	state, err := q.answer(s.Context())
	if err != nil {
		return err
	}
	return s.SendAndClose(&quotesv1.UploadQuotesResponse{State: state})
}

func (q *quotes) WatchQuotes(_ *quotesv1.WatchQuotesRequest, s grpc.ServerStreamingServer[quotesv1.WatchQuotesResponse]) error {
	state, err := q.answer(s.Context())
	if err == nil {
		err = s.Send(&quotesv1.WatchQuotesResponse{State: state})
	}
	return err
}

// judgements hears how calls were judged.
type judgements struct {
	policy.NopObserver

	mu     sync.Mutex
	last   map[policy.Side]policy.Judgement
	change policy.Transition
}

func (j *judgements) Transition(t policy.Transition) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.change = t
}

func (j *judgements) transition() policy.Transition {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.change
}

func (j *judgements) Interest() policy.Interest { return policy.Interest{} }

func (j *judgements) Settled(_ context.Context, call *policy.Call, o *policy.Outcome) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.last == nil {
		j.last = map[policy.Side]policy.Judgement{}
	}
	j.last[call.Side] = policy.Judgement{Verdict: o.Verdict, By: o.By}
}

func (j *judgements) of(side policy.Side) policy.Judgement {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last[side]
}

// quotesRig is a client and a server of quotes under the same rules.
type quotesRig struct {
	service *quotes
	rules   *rules.Rules
	heard   *judgements
	client  quotesv1.QuoteServiceClient
}

const ofQuotes = "/afloat.test.quotes.v1.QuoteService/*"

// newQuotesRig starts a rig. Its calls are judged by the conditions.
func newQuotesRig(t *testing.T, dial []grpc.DialOption, all ...condition.Condition) *quotesRig {
	t.Helper()
	r := &quotesRig{service: new(quotes), heard: new(judgements)}
	var err error
	r.rules, err = rules.New([]rules.Rule{{Match: ofQuotes, Conditions: all}}, rules.WithObserver(r.heard))
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(append(interceptors.ServerOptions(r.rules), grpc.WaitForHandlers(true))...)
	quotesv1.RegisterQuoteServiceServer(server, r.service)
	r.client = quotesv1.NewQuoteServiceClient(rpctest.Serve(t, server, "quotes", append(interceptors.DialOptions(r.rules), dial...)...))
	return r
}

// shapes makes a call of each shape that the service has.
func (r *quotesRig) shapes() map[policy.Shape]func(context.Context) error {
	return map[policy.Shape]func(context.Context) error{
		policy.Unary: func(ctx context.Context) error {
			_, err := r.client.GetQuote(ctx, new(quotesv1.GetQuoteRequest))
			return err
		},
		policy.ClientStream: func(ctx context.Context) error {
			s, err := r.client.UploadQuotes(ctx)
			if err != nil {
				return err
			}
			_ = s.Send(new(quotesv1.UploadQuotesRequest)) // how it ended CloseAndRecv says
			_, err = s.CloseAndRecv()
			return err
		},
		policy.ServerStream: func(ctx context.Context) error {
			s, err := r.client.WatchQuotes(ctx, new(quotesv1.WatchQuotesRequest))
			for err == nil {
				_, err = s.Recv()
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		},
	}
}

// ends are ways in which calls end, each with conditions that are met by it.
func ends() map[string]struct {
	end  func(context.Context) error
	meet condition.Condition
} {
	fails := func(c codes.Code, text string) func(context.Context) error {
		return func(context.Context) error { return status.Error(c, text) }
	}
	return map[string]struct {
		end  func(context.Context) error
		meet condition.Condition
	}{
		"code": {fails(codes.NotFound, ""), condition.Condition{Codes: []codes.Code{codes.NotFound}}},
		"reason and domain": {func(context.Context) error {
			s, _ := status.New(codes.FailedPrecondition, "").WithDetails(&errdetails.ErrorInfo{Reason: "SHARD_DOWN", Domain: "quotes.example"})
			return s.Err()
		}, condition.Condition{Reason: "SHARD_DOWN", Domain: "quotes.example"}},
		"beginning of a message": {fails(codes.InvalidArgument, "upstream: gone"), condition.Condition{MessagePrefix: "upstream: "}},
		"part of a message":      {fails(codes.InvalidArgument, "a deadlock found"), condition.Condition{MessageContains: "deadlock"}},
		"header": {func(ctx context.Context) error {
			return grpc.SetHeader(ctx, metadata.Pairs("x-status", "error"))
		}, condition.Condition{Header: condition.Metadata{Key: "x-status", Values: []string{"error"}}}},
		"header that is sent": {func(ctx context.Context) error {
			return grpc.SendHeader(ctx, metadata.Pairs("x-status", "error"))
		}, condition.Condition{Header: condition.Metadata{Key: "x-status"}}},
		"trailer": {func(ctx context.Context) error {
			return grpc.SetTrailer(ctx, metadata.Pairs("x-status", "error"))
		}, condition.Condition{Trailer: condition.Metadata{Key: "x-status", Values: []string{"error"}}}},
		"trailer of an error": {func(ctx context.Context) error {
			_ = grpc.SetTrailer(ctx, metadata.Pairs("x-status", "error"))
			return status.Error(codes.NotFound, "")
		}, condition.Condition{Codes: []codes.Code{codes.NotFound}, Trailer: condition.Metadata{Key: "x-status"}}},
	}
}

// Conditions of each kind are met by calls of all shapes, on both sides; what does not meet
// them is judged as ever.
func TestConditions(t *testing.T) {
	t.Parallel()
	for name, tt := range ends() {
		for _, verdict := range []condition.Verdict{condition.Failure, condition.Ignored} {
			t.Run(name+" "+verdict.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c := tt.meet
					c.Name, c.Verdict = "it", verdict
					r := newQuotesRig(t, nil, c)
					for shape, call := range r.shapes() {
						r.service.set(quotesv1.State_STATE_OK, tt.end)
						_ = call(t.Context())
						r.want(t, shape, policy.Judgement{Verdict: map[condition.Verdict]policy.Verdict{
							condition.Failure: policy.Failure, condition.Ignored: policy.Ignored,
						}[verdict], By: "it"})
						r.service.set(quotesv1.State_STATE_OK, nil)
						if err := call(t.Context()); err != nil {
							t.Errorf("%v: %v", shape, err)
						}
						r.want(t, shape, policy.Judgement{})
					}
				})
			})
		}
	}
}

// want requires that both sides have judged the last call so.
func (r *quotesRig) want(t *testing.T, shape policy.Shape, want policy.Judgement) {
	t.Helper()
	synctest.Wait()
	for _, side := range []policy.Side{policy.Client, policy.Server} {
		if got := r.heard.of(side); got != want {
			t.Errorf("%v on the %v: %v by %q; want %v by %q", shape, side, got.Verdict, got.By, want.Verdict, want.By)
		}
	}
}

// An answer that says in a field that it is none is a failure, of calls that have one answer.
func TestConditionsOnResponses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newQuotesRig(t, nil, condition.Condition{
			Response: condition.Response{Path: "state", Values: []string{"STATE_ERROR"}}, Verdict: condition.Failure,
		})
		for shape, call := range r.shapes() {
			for state, want := range map[quotesv1.State]policy.Judgement{
				quotesv1.State_STATE_ERROR: {Verdict: policy.Failure, By: "conditions[0]"}, quotesv1.State_STATE_OK: {},
			} {
				if shape.HasSeveralResponses() {
					want = policy.Judgement{}
				}
				r.service.set(state, nil)
				if err := call(t.Context()); err != nil {
					t.Errorf("%v: %v", shape, err)
				}
				r.want(t, shape, want)
			}
		}
	})
}

// The success of a condition is one whatever the code says.
func TestConditionsOfSuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newQuotesRig(
			t, nil,
			condition.Condition{Codes: []codes.Code{codes.Unavailable}, MessagePrefix: "closed", Verdict: condition.Success},
			condition.Condition{Codes: []codes.Code{codes.Unavailable}, MessagePrefix: "busy", Verdict: condition.Ignored},
		)
		for shape, call := range r.shapes() {
			for text, want := range map[string]policy.Judgement{
				"closed on Sundays": {Verdict: policy.Success, By: "conditions[0]"},
				"busy":              {Verdict: policy.Ignored, By: "conditions[1]"},
				"gone":              {Verdict: policy.Failure},
			} {
				r.service.set(0, func(context.Context) error { return status.Error(codes.Unavailable, text) })
				if err := call(t.Context()); status.Code(err) != codes.Unavailable {
					t.Errorf("%v: %v", shape, err)
				}
				r.want(t, shape, want)
			}
		}
	})
}

// Whether a call was sent is known where there was no connection for it, and where
// something of the client's own failed first.
func TestConditionsOnWhatWasSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("refused")
		none := grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return nil, refused })
		conditions := []condition.Condition{
			{Name: "not sent", Sent: policy.No, Verdict: condition.Ignored},
			{Name: "sent", Sent: policy.Yes, Codes: []codes.Code{codes.NotFound}, Verdict: condition.Failure},
		}
		r := newQuotesRig(t, []grpc.DialOption{none}, conditions...)
		for shape, call := range r.shapes() {
			if err := call(t.Context()); status.Code(err) != codes.Unavailable {
				t.Errorf("%v: %v", shape, err)
			}
			if got, want := r.heard.of(policy.Client), (policy.Judgement{Verdict: policy.Ignored, By: "not sent"}); got != want {
				t.Errorf("%v without a connection: %+v; want %+v", shape, got, want)
			}
		}
		r = newQuotesRig(t, nil, conditions...)
		r.service.set(0, func(context.Context) error { return status.Error(codes.NotFound, "") })
		for shape, call := range r.shapes() {
			_ = call(t.Context())
			if got, want := r.heard.of(policy.Client), (policy.Judgement{Verdict: policy.Failure, By: "sent"}); got != want {
				t.Errorf("%v: %+v; want %+v", shape, got, want)
			}
		}
	})
}

// A call that its own client kept back asked nobody, whatever a condition says of its code.
func TestConditionsAreNotForCallsThatWereKeptBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newQuotesRig(t, nil, condition.Condition{Codes: []codes.Code{codes.Canceled}, Verdict: condition.Failure})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for shape, call := range r.shapes() {
			if err := call(ctx); status.Code(err) != codes.Canceled {
				t.Errorf("%v: %v", shape, err)
			}
			if got, want := r.heard.of(policy.Client), (policy.Judgement{Verdict: policy.NotStarted}); got != want {
				t.Errorf("%v: %+v; want %+v", shape, got, want)
			}
		}
	})
}

// A refusal by a policy of this process is none of the dependency's answers, also where a
// handler passes it on as its own error.
func TestConditionsAreNotForRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newQuotesRig(t, nil, condition.Condition{Codes: []codes.Code{codes.Unavailable}, Verdict: condition.Failure})
		open, err := breaker.New(breaker.Config{Mode: breaker.AlwaysOpen})
		if err != nil {
			t.Fatal(err)
		}
		r.service.set(0, func(ctx context.Context) error {
			return policy.Run(ctx, open, "inner", func(context.Context) error { return nil })
		})
		for shape, call := range r.shapes() {
			_ = call(t.Context())
			synctest.Wait()
			if got, want := r.heard.of(policy.Server), (policy.Judgement{Verdict: policy.Ignored}); got != want {
				t.Errorf("%v: %+v; want %+v", shape, got, want)
			}
		}
	})
}

// A classifier of the call takes precedence over conditions, and they over one of a breaker.
func TestConditionsAndClassifiers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ignored := func(error) policy.Verdict { return policy.Ignored }
		heard := new(judgements)
		list, err := rules.New([]rules.Rule{{
			Match: rpctest.Unary, Conditions: []condition.Condition{{Codes: []codes.Code{codes.NotFound}, Verdict: condition.Failure}},
			Policies: []rules.Template{breaker.Each(breaker.Config{ConsecutiveFailures: 2}, breaker.WithClassifier(ignored))},
		}}, rules.WithObserver(heard))
		if err != nil {
			t.Fatal(err)
		}
		end := codes.NotFound
		rig := rpctest.Rig{Unary: func(context.Context) error { return status.Error(end, "") }}
		server := grpc.NewServer(interceptors.ServerOptions(rpctest.One{})...)
		server.RegisterService(rig.Desc(), rig)
		cc := rpctest.Serve(t, server, "rig", interceptors.DialOptions(list)...)
		_ = rpctest.Invoke(t.Context(), cc, policy.Reclassify(ignored))
		if got := heard.of(policy.Client); got != (policy.Judgement{Verdict: policy.Ignored}) {
			t.Errorf("with a classifier of the call: %+v", got)
		}
		for range 2 {
			_ = rpctest.Invoke(t.Context(), cc)
		}
		if err := rpctest.Invoke(t.Context(), cc); policy.ReasonOf(err) != policy.ReasonCircuitOpen {
			t.Errorf("after two failures by condition: %v; want an open circuit", err)
		}
	})
}

// quoteIsAnError is a condition on an answer that says that it is none.
func quoteIsAnError() condition.Condition {
	return condition.Condition{Name: "no quote", Response: condition.Response{Path: "state", Values: []string{"STATE_ERROR"}}, Verdict: condition.Failure}
}

// apply puts the conditions in force, with a breaker on the client.
func (r *quotesRig) apply(t *testing.T, all ...condition.Condition) {
	t.Helper()
	if err := r.rules.Apply([]rules.Rule{{
		Match: ofQuotes, Conditions: all, Policies: []rules.Template{breaker.Each(breaker.Config{}).On(policy.Client)},
	}}); err != nil {
		t.Fatal(err)
	}
}

// until makes calls, one each period, until one ends as it should, and returns its error.
func (r *quotesRig) until(t *testing.T, period time.Duration, as func(error) bool) (err error) {
	t.Helper()
	for range 50 {
		if _, err = r.client.GetQuote(t.Context(), new(quotesv1.GetQuoteRequest)); as(err) {
			return err
		}
		time.Sleep(period)
	}
	return err
}

// isRefused reports whether a circuit is open.
func isRefused(err error) bool { return policy.ReasonOf(err) == policy.ReasonCircuitOpen }

// Conditions change with the rules: calls that begin later are judged by the new ones, and
// circuits go on as they are.
func TestConditionsChangeLive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newQuotesRig(t, nil)
		r.apply(t)
		r.service.set(quotesv1.State_STATE_ERROR, nil)
		if err := r.until(t, 10*time.Millisecond, isRefused); err != nil {
			t.Fatalf("without conditions: %v", err)
		}
		watch, err := r.client.WatchQuotes(t.Context(), new(quotesv1.WatchQuotesRequest))
		if err != nil {
			t.Fatal(err)
		}
		r.apply(t, quoteIsAnError())
		if err := r.until(t, 10*time.Millisecond, isRefused); !isRefused(err) {
			t.Errorf("with a condition: %v; want an open circuit", err)
		}
		call := policy.Call{Method: quotesv1.QuoteService_GetQuote_FullMethodName, Side: policy.Client}
		if status := r.rules.ConditionsOf(&call).Status(); len(status) != 1 || status[0].By != "no quote" || status[0].Met < 8 {
			t.Errorf("conditions: %+v; want one that some calls have met", status)
		}
		r.apply(t)
		if err := r.until(t, 0, isRefused); !isRefused(err) {
			t.Errorf("after a change back: %v; want the circuit to be open still", err)
		}
		time.Sleep(time.Minute)
		if err := r.until(t, time.Second, func(err error) bool { return err == nil }); err != nil || r.rules.ConditionsOf(&call) != nil {
			t.Errorf("a minute after a change back: %v; want an answer", err)
		}
		if _, err := watch.Recv(); err != nil {
			t.Errorf("a stream that was open: %v", err)
		}
	})
}

// The transition that opens a circuit, and its snapshot, name the condition that did it.
func TestCircuitsNameConditions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newQuotesRig(t, nil)
		r.apply(t, quoteIsAnError())
		r.service.set(quotesv1.State_STATE_ERROR, nil)
		if err := r.until(t, 10*time.Millisecond, isRefused); !isRefused(err) {
			t.Fatalf("%v; want an open circuit", err)
		}
		if opened := r.heard.transition(); opened.To != "open" || opened.By != "no quote" {
			t.Errorf("transition %+v; want one to open by the condition", opened)
		}
		n := 0
		for live := range r.rules.Live() {
			b, ok := live.Policy.(*breaker.Breaker)
			if s := b.Snapshot(); !ok || s.State != breaker.Open || s.OpenedBy != "no quote" {
				t.Errorf("%+v; want a circuit that the condition has opened", s)
			}
			n++
		}
		if n != 1 {
			t.Errorf("%d policies; want the circuit", n)
		}
	})
}
