package fanout_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

func TestEachKindOfStepHasItsState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := plan(
			t,
			fanout.Optional("name", fails(errDown), setName).
				Else(fallback.Stale("yesterday", func(context.Context, request) (string, time.Time, error) {
					return "Ada, yesterday", time.Now().Add(-24 * time.Hour), nil
				})),
			fanout.Optional("avatar", fails(errDown), setAvatar).Else(fallback.Default(func(request) string { return "none.png" })),
			fanout.Optional("tags", func(context.Context, request) ([]string, error) { return nil, errDown }, setTags).
				Else(fallback.To("popular", gives([]string{"go"}))),
		)
		resp := &testv1.GetProfileResponse{}
		r, err := p.Gather(t.Context(), nil, resp)
		if err != nil || resp.GetName() != "Ada, yesterday" || resp.GetAvatar() != "none.png" || len(resp.GetTags()) != 1 {
			t.Fatalf("response = %v, %v", resp, err)
		}
		marked(t, r, "avatar defaulted unavailable", "name stale unavailable", "tags substituted unavailable")
		if r.Age("name") != 24*time.Hour {
			t.Errorf("age = %v", r.Age("name"))
		}
	})
}

// refuser is a policy that refuses.
type refuser struct{ reason policy.Reason }

func (r refuser) Acquire(_ context.Context, call *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, &policy.Rejection{Kind: "test", Method: call.Method, Reason: r.reason}
}

func TestRefusalsHaveTheirReason(t *testing.T) {
	t.Parallel()
	for reason, want := range map[policy.Reason]string{
		policy.ReasonCircuitOpen:     "avatar missing circuit_open",
		policy.ReasonBulkheadFull:    "avatar missing concurrency_limited",
		policy.ReasonQueueTimeout:    "avatar missing concurrency_limited",
		policy.ReasonRateLimited:     "avatar missing rate_limited",
		policy.ReasonDeadlineTooNear: "avatar missing budget_exhausted",
	} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			p := plan(t, fanout.Required("name", gives("Ada"), setName),
				fanout.Optional("avatar", gives("a.png"), setAvatar).Guard(refuser{reason}))
			r, err := p.Gather(t.Context(), nil, &testv1.GetProfileResponse{})
			if err != nil {
				t.Fatal(err)
			}
			marked(t, r, want)
		})
	}
}

// A source that is a call of a guarded connection tells the reason of a refusal
// without any code for it.
func TestCallsOfGuardedConnectionsHaveTheirReason(t *testing.T) {
	t.Parallel()
	open, err := breaker.New(breaker.Config{Mode: breaker.AlwaysOpen})
	if err != nil {
		t.Fatal(err)
	}
	for want, guard := range map[string]func(t *testing.T) policy.Policy{
		"circuit_open": func(*testing.T) policy.Policy { return open },
		"concurrency_limited": func(t *testing.T) policy.Policy {
			t.Helper()
			return full(t)
		},
		"rate_limited": func(t *testing.T) policy.Policy {
			t.Helper()
			return spent(t)
		},
		"timeout": func(t *testing.T) policy.Policy {
			t.Helper()
			p, err := timeout.New(timeout.Config{Max: 10 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			return p
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				call := connected(t, guard(t))
				p := plan(t, fanout.Required("name", gives("Ada"), setName), fanout.Optional("avatar", call, setAvatar))
				r, err := p.Gather(within(t, time.Minute), nil, &testv1.GetProfileResponse{})
				if err != nil {
					t.Fatal(err)
				}
				marked(t, r, "avatar missing "+want)
			})
		})
	}
}

// full is a bulkhead without a free place.
func full(tb testing.TB) policy.Policy {
	tb.Helper()
	b, err := bulkhead.New(bulkhead.Config{MaxConcurrent: 1})
	if err == nil {
		_, err = b.Acquire(tb.Context(), &policy.Call{})
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// spent is a rate limit without a token.
func spent(tb testing.TB) policy.Policy {
	tb.Helper()
	l, err := ratelimit.New(ratelimit.Config{PerSecond: 0.001, Burst: 1})
	if err == nil {
		_, err = l.Acquire(tb.Context(), &policy.Call{})
	}
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func TestNeedsWhenAndMaxRunning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := plan(
			t,
			fanout.Optional("name", gives("Ada"), setName).Needs(5*time.Second).Else(fallback.To("cache", gives("Ada?"))),
			fanout.Optional("avatar", fails(status.Error(codes.Aborted, "again")), setAvatar).When(func(err error) bool { return status.Code(err) == codes.Aborted }).
				Else(fallback.To("cache", gives("a.png")).MaxRunning(3)),
		)
		resp := &testv1.GetProfileResponse{}
		r, err := p.Gather(within(t, time.Second), nil, resp)
		if err != nil || resp.GetName() != "Ada?" || resp.GetAvatar() != "a.png" {
			t.Fatalf("response = %v, %v", resp, err)
		}
		marked(t, r, "avatar substituted error", "name substituted budget_exhausted")
	})
}

func TestOnlyTheAttemptThatAnswersCounts(t *testing.T) {
	t.Parallel()
	says := func(path string, reason degrade.Reason, err error) func(context.Context, request) (string, error) {
		return func(ctx context.Context, _ request) (string, error) {
			degrade.Merge(ctx, degrade.NewReport(degrade.Marker{Path: path, State: degrade.Missing, Reason: reason}))
			return "x", err
		}
	}
	p := plan(
		t,
		fanout.Optional("name", says("lost", degrade.ReasonShed, errDown), setName).
			Else(fallback.To("cache", says("won", degrade.ReasonDisabled, nil))),
		fanout.Optional("avatar", says("failed", degrade.ReasonShed, errDown), setAvatar),
	)
	r, err := p.Gather(t.Context(), nil, &testv1.GetProfileResponse{})
	if err != nil {
		t.Fatal(err)
	}
	// The field as a whole, because nobody said what the value is made of.
	marked(t, r, "avatar missing unavailable", "name partial upstream_degraded", "name substituted unavailable")
}

func TestEmbedComposesPaths(t *testing.T) {
	t.Parallel()
	leaf := &testv1.GetProfileResponse{Name: "Bob"}
	get := func(ctx context.Context, _ request) (response, error) {
		r := degrade.NewReport(degrade.Marker{Path: "avatar", State: degrade.Stale, Reason: degrade.ReasonTimeout, Age: time.Minute})
		degrade.SetResponse(leaf, r)
		degrade.Merge(ctx, r)
		return leaf, nil
	}
	for name, tt := range map[string]struct {
		source source
		want   string
		inside bool
	}{
		"embedded": {fanout.Optional("parent", get, setParent).Embed(), "parent.avatar stale timeout", false},
		"not":      {fanout.Optional("parent", get, setParent), "parent partial upstream_degraded", true},
	} {
		resp := &testv1.GetProfileResponse{}
		r, err := plan(t, tt.source).Gather(t.Context(), nil, resp)
		if err != nil || resp.GetParent().GetName() != "Bob" {
			t.Fatalf("%s: response = %v, %v", name, resp, err)
		}
		marked(t, r, tt.want)
		if got := resp.GetParent().GetDegradation() != nil; got != tt.inside {
			t.Errorf("%s: markers of the leaf's own: %v; want %v", name, got, tt.inside)
		}
		if leaf.GetDegradation() == nil {
			t.Errorf("%s: the source's message was written to", name)
		}
	}
}

// A source may gather itself.
func TestNestedGathersReportToTheirSource(t *testing.T) {
	t.Parallel()
	inner := plan(t, fanout.Required("name", gives("Bob"), setName), fanout.Optional("avatar", fails(errDown), setAvatar))
	get := func(ctx context.Context, req request) (response, error) {
		resp := &testv1.GetProfileResponse{}
		_, err := inner.Gather(ctx, req, resp)
		return resp, err
	}
	for want, s := range map[string]source{
		"parent.avatar missing unavailable": fanout.Optional("parent", get, setParent).Embed(),
		"parent partial upstream_degraded":  fanout.Optional("parent", get, setParent),
	} {
		r, err := plan(t, s).Gather(t.Context(), nil, &testv1.GetProfileResponse{})
		if err != nil {
			t.Fatal(err)
		}
		marked(t, r, want)
	}
}
