package policy_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

func TestDoDescribesTheCall(t *testing.T) {
	t.Parallel()
	deadline := time.Now().Add(time.Hour)
	withDeadline, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	for _, tt := range []struct {
		name string
		ctx  context.Context
		want policy.Call
	}{
		{"no deadline", t.Context(), policy.Call{Method: "SELECT", Side: policy.Local}},
		{"deadline", withDeadline, policy.Call{Method: "SELECT", Side: policy.Local, Deadline: deadline}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []policy.Call
			s := &stage{onAcquire: func(_ context.Context, call *policy.Call) { got = append(got, call.Copy()) }}
			nothing := func(context.Context) error { return nil }
			if err := errors.Join(
				policy.Run(tt.ctx, s, "SELECT", nothing),
				chainOf(t, []*stage{s}).Run(tt.ctx, "SELECT", nothing),
			); err != nil {
				t.Fatal(err)
			}
			if len(got) != 2 || got[0] != tt.want || got[1] != tt.want {
				t.Errorf("calls = %+v; want twice %+v", got, tt.want)
			}
		})
	}
}

func TestDoReturnsTheErrorUnchanged(t *testing.T) {
	t.Parallel()
	refusal := full()
	wrapped := fmt.Errorf("query: %w", errPlain)
	for _, tt := range []struct {
		name            string
		layer           policy.Layer
		refusal, called error
		want            error
		verdict         policy.Verdict
	}{
		{"success", policy.LayerBreaker, nil, nil, nil, policy.Success},
		{"the function's", policy.LayerBreaker, nil, wrapped, wrapped, policy.Failure},
		{"the policy's", policy.LayerBreaker, refusal, nil, refusal, policy.NotStarted},
		{"the fault's", policy.LayerFault, errDown, nil, errDown, policy.Failure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			outer := &stage{name: "outer"}
			inner := &stage{name: "inner", layer: tt.layer, refusal: tt.refusal}
			ran := false
			f := func(context.Context) error {
				ran = true
				return tt.called
			}
			if err := chainOf(t, []*stage{outer, inner}).Run(t.Context(), "query", f); err != tt.want { //nolint:errorlint // the very same
				t.Errorf("Chain.Run = %v; want %v", err, tt.want)
			}
			if o := outer.outcome(t); o.Verdict != tt.verdict {
				t.Errorf("verdict = %v; want %v", o.Verdict, tt.verdict)
			}
			if err := policy.Run(t.Context(), inner, "query", f); err != tt.want { //nolint:errorlint // the very same
				t.Errorf("Run = %v; want %v", err, tt.want)
			}
			if ran != (tt.refusal == nil) {
				t.Errorf("the function ran: %v", ran)
			}
		})
	}
}

func TestDoOfAFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := policy.Now()
		for _, layer := range []policy.Layer{policy.LayerBulkhead, policy.LayerFault} {
			s := &stage{layer: layer, permit: policy.Permit{Wants: policy.WantsEnd}}
			s.onAcquire = func(context.Context, *policy.Call) { time.Sleep(time.Second) }
			panicked, _ := apart(func() {
				_ = policy.Run(t.Context(), s, "query", func(context.Context) error { panic("oops") })
			})
			o := s.outcome(t)
			if panicked != "oops" || o.Verdict != policy.Failure {
				t.Errorf("panicked with %v, settled with %+v; want oops and a failure", panicked, o)
			}
		}
		if got := policy.Now().Sub(begin); got != 2*time.Second {
			t.Errorf("took %v; want 2s", got)
		}
	})
}

// Bug: a caller that gave up was counted against the dependency; elsewhere as
// its success, which closed the circuit. It says nothing of the dependency.
func TestCancelledByTheCaller(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  func(ctx context.Context) error
	}{
		{"context error", context.Context.Err},
		{"cause", context.Cause},
		{"wrapped", func(ctx context.Context) error { return fmt.Errorf("query: %w", ctx.Err()) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			s := &stage{name: "s"}
			_ = policy.Run(ctx, s, "query", func(ctx context.Context) error {
				cancel()
				<-ctx.Done()
				return tt.err(ctx)
			})
			if o := s.outcome(t); o.Verdict != policy.Ignored {
				t.Errorf("verdict = %v; want ignored", o.Verdict)
			}
		})
	}
}

func TestDoHandsTheContextOn(t *testing.T) {
	t.Parallel()
	s := &stage{}
	s.onAcquire = func(ctx context.Context, _ *policy.Call) {
		s.context = context.WithValue(ctx, ctxKey("s"), "set")
	}
	err := policy.Run(t.Context(), s, "query", func(ctx context.Context) error {
		if got := ctx.Value(ctxKey("s")); got != "set" {
			t.Errorf("value = %v; want the policy's context", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDoReturnsWhatTheFunctionDoes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		refusal, called error
		value           string
		err             error
		verdict         policy.Verdict
	}{
		"success":              {nil, nil, "seven", nil, policy.Success},
		"an error and a value": {nil, errPlain, "seven", errPlain, policy.Failure},
		"a refusal":            {errFull, nil, "", errFull, policy.NotStarted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outer, inner := &stage{name: "outer"}, &stage{name: "inner", refusal: tt.refusal}
			f := func(context.Context) (string, error) { return "seven", tt.called }
			value, err := policy.DoChain(t.Context(), chainOf(t, []*stage{outer, inner}), "query", f)
			if value != tt.value || err != tt.err { //nolint:errorlint // the very same
				t.Errorf("DoChain = %q, %v; want %q, %v", value, err, tt.value, tt.err)
			}
			if o := outer.outcome(t); o.Verdict != tt.verdict {
				t.Errorf("verdict = %v; want %v", o.Verdict, tt.verdict)
			}
			if value, err = policy.Do(t.Context(), inner, "query", f); value != tt.value || err != tt.err { //nolint:errorlint // the very same
				t.Errorf("Do = %q, %v; want %q, %v", value, err, tt.value, tt.err)
			}
		})
	}
}

func TestDoSettlesAPanic(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*stage){
		"Do": func(s *stage) {
			_, _ = policy.Do(t.Context(), s, "query", func(context.Context) (int, error) { panic("oops") })
		},
		"DoChain": func(s *stage) {
			_, _ = policy.DoChain(t.Context(), chainOf(t, []*stage{s}), "query", func(context.Context) (int, error) { panic("oops") })
		},
	} {
		s := &stage{}
		panicked, _ := apart(func() { do(s) })
		if o := s.outcome(t); panicked != "oops" || o.Verdict != policy.Failure {
			t.Errorf("%s: panicked with %v, settled with %+v; want oops and a failure", name, panicked, o)
		}
	}
}
