package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/condition"
	quotesv1 "github.com/afloat-go/afloat/interceptors/internal/quoteproto/afloat/test/quotes/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/rules/config/protooptions"
)

const (
	getQuote     = quotesv1.QuoteService_GetQuote_FullMethodName
	getFirmQuote = quotesv1.QuoteService_GetFirmQuote_FullMethodName
)

// Every part of a condition is read as it is written, and shown as it was read.
func TestConditionsInAFile(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "conditions.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	parsed := config.Parse("rules.yaml", data)
	list, err := parsed.Compile()
	if err != nil {
		t.Fatal(err)
	}
	want := []condition.Condition{
		{Name: "error in the answer", Verdict: condition.Failure, Response: condition.Response{Path: "outcome.state", Values: []string{"STATE_ERROR", "7"}}},
		{Verdict: condition.Failure, Codes: []codes.Code{codes.NotFound, codes.Canceled}, Reason: "SHARD_DOWN", Domain: "quotes.example"},
		{Verdict: condition.Success, MessagePrefix: "closed", MessageContains: "Sunday"},
		{Verdict: condition.Ignored, Header: condition.Metadata{Key: "x-canary"}},
		{Verdict: condition.Failure, Trailer: condition.Metadata{Key: "x-status", Values: []string{"error", ""}}},
		{Verdict: condition.Ignored, Sent: policy.No},
		{Verdict: condition.Failure, Sent: policy.Yes, Codes: []codes.Code{codes.Aborted}},
		{Name: "the rest", Verdict: condition.Success, Always: true},
	}
	if got := list[0].Conditions; !slices.EqualFunc(got, want, equal) {
		t.Errorf("conditions:\n%+v\nwant:\n%+v", got, want)
	}
	s := newSet(t, config.WithParsed(parsed))
	told := s.Snapshot().Message().GetRules()[0]
	if got := told.GetRule().GetConditions(); !slices.EqualFunc(got, parsed.Rules().GetRules()[0].GetConditions(), same) {
		t.Errorf("shown as %v", got)
	}
	if w := told.GetWarnings(); len(w) != 0 {
		t.Errorf("warnings %q", w)
	}
	again, err := config.Compile(parsed.Rules())
	if err != nil || !slices.EqualFunc(again[0].Conditions, want, equal) {
		t.Errorf("compiled from the message: %v", err)
	}
}

func equal(a, b condition.Condition) bool {
	return a.Name == b.Name && a.Verdict == b.Verdict && slices.Equal(a.Codes, b.Codes) && a.Reason == b.Reason && a.Domain == b.Domain &&
		a.MessagePrefix == b.MessagePrefix && a.MessageContains == b.MessageContains &&
		a.Response.Path == b.Response.Path && slices.Equal(a.Response.Values, b.Response.Values) &&
		a.Header.Key == b.Header.Key && slices.Equal(a.Header.Values, b.Header.Values) &&
		a.Trailer.Key == b.Trailer.Key && slices.Equal(a.Trailer.Values, b.Trailer.Values) && a.Sent == b.Sent && a.Always == b.Always
}

func same[M proto.Message](a, b M) bool { return proto.Equal(a, b) }

// The options of a method may have conditions.
func TestConditionsInOptions(t *testing.T) {
	t.Parallel()
	s := newSet(t, protooptions.WithRules())
	call := policy.Call{Method: getFirmQuote, Side: policy.Client}
	list := s.Rules().ConditionsOf(&call)
	if status := list.Status(); len(status) != 1 || status[0].By != "no quote" || status[0].Response.Path != "outcome.state" {
		t.Errorf("conditions: %+v; want that of the options", status)
	}
	call.Side = policy.Server
	if list := s.Rules().ConditionsOf(&call); list != nil {
		t.Errorf("conditions on a server: %+v; want none", list.Status())
	}
}

// What is hardly meant is taken: the snapshot and the log say what it is, and where.
func TestWarningsOfConditions(t *testing.T) {
	t.Parallel()
	path := file(t, `rules:
  - match: `+getQuote+`
    side: client
    conditions:
      - {codes: [NOT_FOUND, ABORTED], verdict: failure}
      - {codes: [ABORTED], reason: R, verdict: ignored}
  - match: /afloat.test.quotes.*
    conditions:
      - {response: {path: text, values: [x]}, verdict: failure}
      - response: {path: status, values: [x]}
        verdict: failure
`)
	log := new(strings.Builder)
	s, err := config.New(config.WithFile(path), config.WithLogger(logTo(log)), config.WithRules(rules.Rule{
		Match: "*", Conditions: []condition.Condition{{Always: true, Verdict: condition.Success}, {Reason: "R", Verdict: condition.Failure}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.Snapshot().Rules {
		got = append(got, r.Warnings...)
	}
	want := []string{
		path + ":6:9: rules[0].conditions[1]: is never reached: every call that meets it meets conditions[0]",
		path + `:10:26: rules[1].conditions[1].response.path = "status"; fits no method that is known; for /afloat.test.quotes.v1.QuoteService/GetFirmQuote, afloat.test.quotes.v1.GetFirmQuoteResponse has no field "status"; there are: outcome`,
		"code: rules[0].conditions[1]: is never reached: every call that meets it meets conditions[0]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("warnings:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := strings.Count(log.String(), "a rule is hardly meant as it stands"); n != 3 {
		t.Errorf("%d warnings in the log; want 3:\n%s", n, log)
	}
}
