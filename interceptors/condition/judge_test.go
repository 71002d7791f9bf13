package condition_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/condition"
	quotesv1 "github.com/afloat-go/afloat/interceptors/internal/quoteproto/afloat/test/quotes/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Each part is met by some ends, and not by those that are nearly like them.
func TestParts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", condition.MaxTextBytes)
	many := make([]protoadapt.MessageV1, condition.MaxLookedAt)
	for i := range many {
		many[i] = info("OTHER", "d")
	}
	with := func(header, trailer metadata.MD) policy.Outcome {
		return policy.Outcome{Reply: &policy.Reply{Header: header, Trailer: trailer}}
	}
	sent := func(f policy.Fact, lost bool) policy.Outcome {
		o := failed(codes.Unavailable, "")
		o.Sent, o.Lost = f, lost
		return o
	}
	for _, tt := range []struct {
		name   string
		part   condition.Condition
		meets  []policy.Outcome
		misses []policy.Outcome
	}{
		{
			"a code",
			condition.Condition{Codes: []codes.Code{codes.NotFound, codes.Aborted}},
			[]policy.Outcome{failed(codes.NotFound, ""), failed(codes.Aborted, ""), {Err: fmt.Errorf("around: %w", status.Error(codes.NotFound, ""))}},
			[]policy.Outcome{failed(codes.Unavailable, ""), {}, {Err: errPlain}},
		},
		{
			"a code that is none",
			condition.Condition{Codes: []codes.Code{codes.Unknown}},
			[]policy.Outcome{failed(99, ""), failed(1<<31, ""), {Err: errPlain}},
			[]policy.Outcome{failed(codes.Canceled, "")},
		},
		{"OK", condition.Condition{Codes: []codes.Code{codes.OK}}, []policy.Outcome{{}, answered(nil)}, []policy.Outcome{failed(codes.NotFound, "")}},
		{
			"a reason",
			condition.Condition{Reason: "SHARD_DOWN"},
			[]policy.Outcome{failed(codes.NotFound, "", info("SHARD_DOWN", "a")), failed(codes.Internal, "", info("OTHER", "a"), info("SHARD_DOWN", ""))},
			[]policy.Outcome{failed(codes.NotFound, "SHARD_DOWN"), failed(codes.NotFound, "", info("shard_down", "a")), {}, {Err: errPlain}},
		},
		{
			"a domain",
			condition.Condition{Domain: "a.example"},
			[]policy.Outcome{failed(codes.NotFound, "", info("X", "a.example"))},
			[]policy.Outcome{failed(codes.NotFound, "", info("a.example", "b"))},
		},
		{
			"a reason of a domain",
			condition.Condition{Reason: "R", Domain: "d"},
			[]policy.Outcome{failed(codes.NotFound, "", info("R", "other"), info("R", "d"))},
			[]policy.Outcome{failed(codes.NotFound, "", info("R", "other"), info("S", "d")), failed(codes.NotFound, "", append(many, info("R", "d"))...)},
		},
		{
			"how a message begins",
			condition.Condition{MessagePrefix: "upstream: "},
			[]policy.Outcome{failed(codes.NotFound, "upstream: gone"), failed(codes.NotFound, "upstream: ")},
			[]policy.Outcome{failed(codes.NotFound, "Upstream: gone"), failed(codes.NotFound, " upstream: "), failed(codes.NotFound, ""), {}},
		},
		{
			"what a message has",
			condition.Condition{MessageContains: "deadlock"},
			[]policy.Outcome{failed(codes.Internal, "a deadlock found"), failed(codes.Internal, "deadlock"), {Err: fmt.Errorf("a deadlock: %w", errPlain)}},
			[]policy.Outcome{failed(codes.Internal, "DEADLOCK"), failed(codes.Internal, "dead lock"), failed(codes.Internal, long+"deadlock")},
		},
		{
			"a header",
			condition.Condition{Header: condition.Metadata{Key: "x-status", Values: []string{"error", "broken"}}},
			[]policy.Outcome{with(metadata.Pairs("x-status", "fine", "x-status", "broken"), nil)},
			[]policy.Outcome{with(metadata.Pairs("x-status", "errors"), metadata.Pairs("x-status", "error")), with(nil, nil), {}},
		},
		{
			"a trailer of any value",
			condition.Condition{Trailer: condition.Metadata{Key: "x-status"}},
			[]policy.Outcome{with(nil, metadata.Pairs("x-status", ""))},
			[]policy.Outcome{with(metadata.Pairs("x-status", "a"), nil)},
		},
		{
			"not sent",
			condition.Condition{Sent: policy.No},
			[]policy.Outcome{sent(policy.No, true), sent(policy.No, false)},
			[]policy.Outcome{sent(policy.Yes, false), sent(policy.Unknown, false), {}},
		},
		{
			"sent",
			condition.Condition{Sent: policy.Yes},
			[]policy.Outcome{sent(policy.Yes, false), {}},
			[]policy.Outcome{sent(policy.Unknown, false), sent(policy.No, true)},
		},
		{
			"anything",
			condition.Condition{Always: true},
			[]policy.Outcome{{}, failed(codes.NotFound, ""), sent(policy.No, true)},
			[]policy.Outcome{sent(policy.No, false)}, // nobody was asked
		},
		{
			"several parts",
			condition.Condition{Codes: []codes.Code{codes.NotFound}, Reason: "R", MessageContains: "shard"},
			[]policy.Outcome{failed(codes.NotFound, "a shard", info("R", ""))},
			[]policy.Outcome{failed(codes.NotFound, "a shard"), failed(codes.NotFound, "", info("R", "")), failed(codes.Aborted, "a shard", info("R", ""))},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newList(t, getQuote, failing(tt.part))
			for i, o := range tt.meets {
				if got := by(l, o); got != "conditions[0]" {
					t.Errorf("end %d is decided by %q; want the condition", i, got)
				}
			}
			for i, o := range tt.misses {
				if got := by(l, o); got != "" {
					t.Errorf("end %d that misses is decided by %q", i, got)
				}
			}
			if met := l.Status()[0].Met; met != uint64(len(tt.meets)) {
				t.Errorf("%d calls met; want %d", met, len(tt.meets))
			}
		})
	}
}

// A field of a response has one of some values.
func TestResponses(t *testing.T) {
	t.Parallel()
	fine := &quotesv1.GetQuoteResponse{State: quotesv1.State_STATE_OK}
	of := func(n int32) *quotesv1.GetQuoteResponse { return &quotesv1.GetQuoteResponse{ErrorNumber: &n} }
	for _, tt := range []struct {
		path   string
		values []string
		meets  any
		misses any
	}{
		{"state", []string{"STATE_ERROR"}, &quotesv1.GetQuoteResponse{State: quotesv1.State_STATE_ERROR}, fine},
		{"state", []string{"7", "STATE_ERROR"}, &quotesv1.GetQuoteResponse{State: 7}, fine},
		{"state", []string{"STATE_UNSPECIFIED"}, new(quotesv1.GetQuoteResponse), fine},
		{
			"outcome.state",
			[]string{"STATE_UNSPECIFIED"},
			&quotesv1.GetQuoteResponse{Outcome: new(quotesv1.Outcome)}, new(quotesv1.GetQuoteResponse),
		},
		{"outcome.number", []string{"-3"}, &quotesv1.GetQuoteResponse{Outcome: &quotesv1.Outcome{Number: -3}}, fine},
		{"text", []string{"ERROR"}, &quotesv1.GetQuoteResponse{Text: "ERROR"}, &quotesv1.GetQuoteResponse{Text: "error"}},
		{"text", []string{""}, fine, &quotesv1.GetQuoteResponse{Text: "a"}},
		{"failed", []string{"true"}, &quotesv1.GetQuoteResponse{Failed: true}, fine},
		{"amount", []string{"9223372036854775807"}, &quotesv1.GetQuoteResponse{Amount: 1<<63 - 1}, fine},
		{"count", []string{"4294967295"}, &quotesv1.GetQuoteResponse{Count: 1<<32 - 1}, fine},
		{"long_count", []string{"18446744073709551615"}, &quotesv1.GetQuoteResponse{LongCount: 1<<64 - 1}, fine},
		{"rate", []string{"0.1"}, &quotesv1.GetQuoteResponse{Rate: 0.1}, fine},
		{"share", []string{"0.1"}, &quotesv1.GetQuoteResponse{Share: 0.1}, fine},
		{"error_number", []string{"0", "5"}, of(0), fine},
		{"error_number", []string{"0", "5"}, of(5), of(1)},
	} {
		t.Run(tt.path+" "+strings.Join(tt.values, " "), func(t *testing.T) {
			t.Parallel()
			l := newList(t, getQuote, failing(condition.Condition{Response: condition.Response{Path: tt.path, Values: tt.values}}))
			for range 2 {
				if got := by(l, answered(tt.meets)); got == "" {
					t.Errorf("%v is not met", tt.meets)
				}
				for _, m := range []any{tt.misses, nil, (*quotesv1.GetQuoteResponse)(nil)} {
					if got := by(l, answered(m)); got != "" {
						t.Errorf("%v is met", m)
					}
				}
			}
			if got := by(l, policy.Outcome{Err: failed(codes.Internal, "").Err, Reply: &policy.Reply{Message: tt.meets}}); got != "" {
				t.Error("the message of a call that failed is met")
			}
		})
	}
}

// What reads a response is not bound to one type of messages: a proxy makes them of
// descriptors, anew each time it likes.
func TestResponsesOfAnyType(t *testing.T) {
	t.Parallel()
	l := newList(t, "/other.Service/Get", failing(condition.Condition{Response: condition.Response{Path: "state", Values: []string{"2"}}}))
	j := l.Judge()
	judged := func(m any) bool {
		_, ok := j.Judge(&policy.Call{Method: "/other.Service/Get"}, &policy.Outcome{Reply: &policy.Reply{Message: m}})
		return ok
	}
	made := dynamicpb.NewMessage((*quotesv1.GetQuoteResponse)(nil).ProtoReflect().Descriptor())
	if judged(made) {
		t.Error("an empty message is met")
	}
	fd := made.Descriptor().Fields().ByName("state")
	made.Set(fd, (&quotesv1.GetQuoteResponse{State: 2}).ProtoReflect().Get(fd))
	other := &quotesv1.UploadQuotesResponse{State: quotesv1.State_STATE_ERROR}
	for range 3 {
		if !judged(made) || !judged(other) {
			t.Error("a message is not met")
		}
	}
	if got := l.Status()[0].Unread; got != "" {
		t.Errorf("unread: %s", got)
	}
	for range 3 {
		if judged(durationpb.New(1)) || judged("text") {
			t.Error("a message without the field is met")
		}
	}
	want := `conditions[0] of rule "/other.Service/Get" cannot be tried on calls of /other.Service/Get: google.protobuf.Duration has no field "state"; there are: seconds, nanos`
	if got := l.Status()[0].Unread; got != want {
		t.Errorf("unread: %s\nwant    %s", got, want)
	}
}

// The first condition that is met decides, and says so by its name.
func TestFirstConditionDecides(t *testing.T) {
	t.Parallel()
	l := newList(
		t, getQuote,
		condition.Condition{Name: "no such shard", Codes: []codes.Code{codes.NotFound}, Reason: "R", Verdict: condition.Failure},
		condition.Condition{Codes: []codes.Code{codes.NotFound, codes.Unavailable}, Verdict: condition.Ignored},
		condition.Condition{Name: "the rest", Always: true, Verdict: condition.Success},
	)
	for _, tt := range []struct {
		end  policy.Outcome
		want policy.Judgement
	}{
		{failed(codes.NotFound, "", info("R", "")), policy.Judgement{Verdict: policy.Failure, By: "no such shard"}},
		{failed(codes.NotFound, ""), policy.Judgement{Verdict: policy.Ignored, By: "conditions[1]"}},
		{failed(codes.Unavailable, ""), policy.Judgement{Verdict: policy.Ignored, By: "conditions[1]"}},
		{failed(codes.Internal, ""), policy.Judgement{Verdict: policy.Success, By: "the rest"}},
		{policy.Outcome{}, policy.Judgement{Verdict: policy.Success, By: "the rest"}},
	} {
		if got, ok := l.Judge().Judge(&policy.Call{}, &tt.end); got != tt.want || !ok {
			t.Errorf("%v: %v, %v; want %v", tt.end.Err, got, ok, tt.want)
		}
	}
}

// A response is that of a call that has one.
func TestStreamsOfResponsesHaveNone(t *testing.T) {
	t.Parallel()
	l := newList(t, "*", failing(condition.Condition{Response: condition.Response{Path: "state", Values: []string{"STATE_ERROR"}}}))
	for shape, want := range map[policy.Shape]bool{policy.Unary: true, policy.ClientStream: true, policy.ServerStream: false, policy.BidiStream: false} {
		o := answered(&quotesv1.GetQuoteResponse{State: quotesv1.State_STATE_ERROR})
		if _, ok := l.Judge().Judge(&policy.Call{Method: watchQuotes, Shape: shape}, &o); ok != want {
			t.Errorf("%v is met: %v", shape, ok)
		}
	}
}

// What a list wants is what its parts need, and no more.
func TestWants(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		part condition.Condition
		want policy.Wants
	}{
		{condition.Condition{Codes: []codes.Code{codes.NotFound}, Reason: "a", MessageContains: "b"}, 0},
		{condition.Condition{Response: condition.Response{Path: "text", Values: []string{"a"}}}, policy.WantsReply},
		{condition.Condition{Header: condition.Metadata{Key: "a"}}, policy.WantsMetadata},
		{condition.Condition{Trailer: condition.Metadata{Key: "a"}}, policy.WantsMetadata},
		{condition.Condition{Sent: policy.No}, policy.WantsEvidence},
	} {
		if got := newList(t, getQuote, failing(tt.part)).Judge().Wants(); got != tt.want {
			t.Errorf("%+v wants %b; want %b", tt.part, got, tt.want)
		}
	}
	if j := newList(t, getQuote).Judge(); j != nil {
		t.Errorf("no conditions have the judge %v", j)
	}
}

// Judging allocates nothing, whatever of the status and the response decides.
func TestJudgingAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	l := newList(
		t, getQuote,
		failing(condition.Condition{Codes: []codes.Code{codes.NotFound}, MessagePrefix: "shard", MessageContains: "down"}),
		failing(condition.Condition{Reason: "R", Domain: "d"}),
		failing(condition.Condition{Response: condition.Response{Path: "outcome.state", Values: []string{"STATE_ERROR"}}}),
		failing(condition.Condition{Response: condition.Response{Path: "text", Values: []string{"ERROR"}}}),
		failing(condition.Condition{Trailer: condition.Metadata{Key: "x-status", Values: []string{"error"}}}),
	)
	j, call := l.Judge(), &policy.Call{Method: getQuote}
	trailer := policy.Outcome{Reply: &policy.Reply{Trailer: metadata.Pairs("x-status", "error")}}
	for name, o := range map[string]policy.Outcome{
		"a bare status": failed(codes.NotFound, "shard 5 is down"),
		"another":       failed(codes.Unavailable, "gone"),
		"good":          answered(&quotesv1.GetQuoteResponse{Text: "fine"}),
		"an enum":       answered(&quotesv1.GetQuoteResponse{Outcome: &quotesv1.Outcome{State: quotesv1.State_STATE_ERROR}}),
		"a text":        answered(&quotesv1.GetQuoteResponse{Text: "ERROR"}),
		"a trailer":     trailer,
	} {
		if got := testing.AllocsPerRun(100, func() { j.Judge(call, &o) }); got != 0 && !raceEnabled {
			t.Errorf("%s: %v allocations; want 0", name, got)
		}
	}
}
