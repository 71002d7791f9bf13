package interceptors_test

import (
	"context"
	"io"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/condition"
	quotesv1 "github.com/afloat-go/afloat/interceptors/internal/quoteproto/afloat/test/quotes/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// A unary call allocates as much with conditions on statuses and responses as without,
// whether it is answered, fails, or is a failure by its answer, on both sides.
func TestConditionsAllocateNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	list := func(all ...condition.Condition) *rules.Rules {
		r, err := rules.New([]rules.Rule{{
			Match: ofQuotes, Conditions: all, Policies: []rules.Template{breaker.Each(breaker.Config{Mode: breaker.AlwaysClosed})},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	plain := list()
	judged := list(
		condition.Condition{Codes: []codes.Code{codes.NotFound}, Reason: "R", MessageContains: "x", Verdict: condition.Failure},
		condition.Condition{Codes: []codes.Code{codes.NotFound}, MessagePrefix: "no", Verdict: condition.Failure},
		condition.Condition{Response: condition.Response{Path: "outcome.state", Values: []string{"STATE_ERROR"}}, Verdict: condition.Failure},
	)
	reply := &quotesv1.GetQuoteResponse{Outcome: &quotesv1.Outcome{State: quotesv1.State_STATE_ERROR}}
	const method = quotesv1.QuoteService_GetQuote_FullMethodName
	info := &grpc.UnaryServerInfo{FullMethod: method}
	for name, end := range map[string]error{
		"a failure by its answer": nil, "a failure by its code": status.Error(codes.NotFound, "no such quote"),
		"a failure": status.Error(codes.Unavailable, "gone"),
	} {
		allocations := func(r *rules.Rules) (client, server float64) {
			invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return end }
			handler := func(context.Context, any) (any, error) { return reply, end }
			guard, serve := interceptors.UnaryClientInterceptor(r), interceptors.UnaryServerInterceptor(r)
			ctx := t.Context()
			client = testing.AllocsPerRun(1000, func() { _ = guard(ctx, method, nil, reply, nil, invoker) })
			server = testing.AllocsPerRun(1000, func() { _, _ = serve(ctx, nil, info, handler) })
			return client, server
		}
		wantClient, wantServer := allocations(plain)
		if client, server := allocations(judged); client != wantClient || server != wantServer {
			t.Errorf("%s: %v allocations on a client, %v on a server; want %v and %v as without conditions", name, client, server, wantClient, wantServer)
		}
	}
	call := policy.Call{Method: method, Side: policy.Client}
	for _, c := range judged.ConditionsOf(&call).Status()[1:] {
		if c.Met < 1000 {
			t.Errorf("%s was met %d times; want it each time", c.By, c.Met)
		}
	}
}

// What a proxy passes on as bytes cannot be read: that is said once, and the call is judged
// as ever. What it has decoded is read.
func TestConditionsOnForwardedResponses(t *testing.T) {
	t.Parallel()
	failure := condition.Condition{Response: condition.Response{Path: "state", Values: []string{"STATE_ERROR"}}, Verdict: condition.Failure}
	heard := new(judgements)
	list, err := rules.New([]rules.Rule{{Match: ofQuotes, Conditions: []condition.Condition{failure}}}, rules.WithObserver(heard))
	if err != nil {
		t.Fatal(err)
	}
	shapes := interceptors.WithShapes(func(string) (policy.Shape, bool) { return policy.Unary, true })
	forward := interceptors.StreamClientInterceptor(list, shapes)
	const method = quotesv1.QuoteService_GetQuote_FullMethodName
	for name, tt := range map[string]struct {
		message any
		want    policy.Judgement
	}{
		"decoded": {&quotesv1.GetQuoteResponse{State: quotesv1.State_STATE_ERROR}, policy.Judgement{Verdict: policy.Failure, By: "conditions[0]"}},
		"fine":    {&quotesv1.GetQuoteResponse{State: quotesv1.State_STATE_OK}, policy.Judgement{}},
		"bytes":   {&[]byte{}, policy.Judgement{}},
	} {
		streamer := func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
			return &oneMessage{}, nil
		}
		s, err := forward(t.Context(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, nil, method, streamer)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RecvMsg(tt.message); err != nil {
			t.Fatal(err)
		}
		_ = s.RecvMsg(tt.message) // the end
		if got := heard.of(policy.Client); got != tt.want {
			t.Errorf("%s: %+v; want %+v", name, got, tt.want)
		}
	}
	call := policy.Call{Method: method, Side: policy.Client}
	want := `conditions[0] of rule "` + ofQuotes + `" cannot be tried on calls of ` + method + `: the response is a *[]uint8, and no protobuf message`
	if got := list.ConditionsOf(&call).Status()[0].Unread; got != want {
		t.Errorf("unread: %s\nwant    %s", got, want)
	}
}

// oneMessage is a client's stream that gives one message and ends.
type oneMessage struct {
	grpc.ClientStream

	given bool
}

func (s *oneMessage) RecvMsg(any) error {
	if s.given {
		return io.EOF
	}
	s.given = true
	return nil
}
