package condition_test

import (
	"errors"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/afloat-go/afloat/interceptors/condition"
	quotesv1 "github.com/afloat-go/afloat/interceptors/internal/quoteproto/afloat/test/quotes/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

const (
	getQuote     = quotesv1.QuoteService_GetQuote_FullMethodName
	uploadQuotes = quotesv1.QuoteService_UploadQuotes_FullMethodName
	watchQuotes  = quotesv1.QuoteService_WatchQuotes_FullMethodName
	ofQuotes     = "/afloat.test.quotes.v1.QuoteService/*"
)

// newList makes a list of conditions for the calls of a method.
func newList(tb testing.TB, match string, all ...condition.Condition) *condition.List {
	tb.Helper()
	l, err := condition.New(condition.Calls{Match: match}, all)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// failing is a condition of a failure.
func failing(c condition.Condition) condition.Condition {
	c.Verdict = condition.Failure
	return c
}

// answered is the end of a call that was answered with a message.
func answered(m any) policy.Outcome { return policy.Outcome{Reply: &policy.Reply{Message: m}} }

// failed is the end of a call with an error of a code.
func failed(c codes.Code, text string, details ...protoadapt.MessageV1) policy.Outcome {
	s := status.New(c, text)
	if len(details) > 0 {
		var err error
		if s, err = s.WithDetails(details...); err != nil {
			panic(err)
		}
	}
	return policy.Outcome{Err: s.Err()}
}

// info is an ErrorInfo.
func info(reason, domain string) protoadapt.MessageV1 {
	return &errdetails.ErrorInfo{Reason: reason, Domain: domain}
}

// by is what decides about the end of a unary call of a client, empty if nothing does.
func by(l *condition.List, o policy.Outcome) string {
	j, _ := l.Judge().Judge(&policy.Call{Method: getQuote, Side: policy.Client}, &o)
	return j.By
}

// faultsOf are those of conditions, as the text of an error has them.
func faultsOf(match string, all ...condition.Condition) string {
	_, err := condition.New(condition.Calls{Match: match}, all)
	if err == nil {
		return ""
	}
	return err.Error()
}

var errPlain = errors.New("plain text")
