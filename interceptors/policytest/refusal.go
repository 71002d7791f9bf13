package policytest

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// refusal checks the errors of a policy that refuses, and that they stop the
// call there.
func refusal(tb testing.TB, s suite) {
	tb.Helper()
	p := s.refusing(tb)
	outer, inner := &Spy{Stands: policy.LayerOf(p)}, &Spy{Stands: policy.LayerOf(p)}
	chain := chainOf(tb, outer, p, inner)
	for n := range 8 { // every shape and method
		call := newCall(tb.Context(), n)
		a := policy.Begin()
		a.Call = call
		_, err := chain.Admit(tb.Context(), a)
		if err == nil {
			a.Settle(nil)
			tb.Fatalf("a policy made to refuse admits a %v call", call.Shape)
		}
		judgeRejection(tb, call, err)
		if settled := outer.Settled(); len(settled) != n+1 {
			tb.Errorf("%d refusals settled the permits further out %d times", n+1, len(settled))
		} else if o := settled[n]; o.Verdict != policy.NotStarted || !errors.Is(o.Err, err) {
			tb.Errorf("a refusal settled the permit further out as %v with %v", o.Verdict, o.Err)
		}
	}
	if asked := inner.Asked(); len(asked) > 0 {
		tb.Errorf("policies further in were asked about %d refused calls", len(asked))
	}
}

// judgeRejection reports what is missing from a refusal of call.
func judgeRejection(tb testing.TB, call policy.Call, err error) {
	tb.Helper()
	r, ok := errors.AsType[*policy.Rejection](err)
	if !ok {
		tb.Errorf("a refusal is a %T; want a *policy.Rejection", err)
		return
	}
	if r.Kind == "" || r.Reason == "" {
		tb.Errorf("a rejection has the policy %q and the reason %q; want neither empty", r.Kind, r.Reason)
	}
	if r.Method != call.Method {
		tb.Errorf("the rejection of a call to %s has the method %s", call.Method, r.Method)
	}
	st := status.Convert(err)
	if st.Code() == codes.OK {
		tb.Errorf("the status of a rejection is OK")
	}
	// ReasonOf of the bare status sees nothing but an ErrorInfo of our domain.
	if got := policy.ReasonOf(st.Err()); got != r.Reason {
		tb.Errorf("the ErrorInfo of a rejection has the reason %q, the rejection %q", got, r.Reason)
	}
}

// refusalTakesNothing compares a policy that refused many calls with one that
// refused none.
func refusalTakesNothing(tb testing.TB, s suite) {
	tb.Helper()
	asked, control := newCaller(tb, s.refusing(tb)), newCaller(tb, s.refusing(tb))
	for n := range callsPerCheck {
		if err := asked.end(succeeds(), n); err == nil {
			tb.Fatalf("a policy made to refuse admits call %d", n+1)
		}
	}
	time.Sleep(restDays)
	want, got := control.end(succeeds(), 0), asked.end(succeeds(), 0)
	if (want == nil) != (got == nil) {
		tb.Errorf("after %d refusals and %v a call gets %v; without them %v", callsPerCheck, restDays, got, want)
	}
}
