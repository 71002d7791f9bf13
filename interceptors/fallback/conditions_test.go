package fallback_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/condition"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// under runs p until the test ends, and returns a client of it whose rule has the
// conditions.
func (p *profiles) under(tb testing.TB, fallbacks *fallback.Methods, all ...condition.Condition) testv1.TierServiceClient {
	tb.Helper()
	list, err := rules.New([]rules.Rule{{Match: "*", Conditions: all}})
	if err != nil {
		tb.Fatal(err)
	}
	server := grpc.NewServer(grpc.WaitForHandlers(true))
	testv1.RegisterTierServiceServer(server, p)
	return testv1.NewTierServiceClient(rpctest.Serve(tb, server, "main", interceptors.DialOptions(list, interceptors.WithFallbacks(fallbacks))...))
}

// noName is a condition on an answer that says that it is none.
func noName(v condition.Verdict) condition.Condition {
	return condition.Condition{Name: "no name", Response: condition.Response{Path: "name", Values: []string{"ERROR"}}, Verdict: v}
}

// onCode is a condition on a code.
func onCode(c codes.Code, v condition.Verdict) condition.Condition {
	return condition.Condition{Codes: []codes.Code{c}, Verdict: v}
}

// What the rule says of a call's end decides whether the fallbacks are tried, also of an
// answer. What it says nothing of, and what is a matter of permission, is decided as ever.
func TestFallbacksGoByConditions(t *testing.T) {
	t.Parallel()
	fails := func(c codes.Code) error { return status.Error(c, "from the server") }
	for _, tt := range []struct {
		name string
		get  func(context.Context, *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error)
		all  []condition.Condition
		// answers is whose answer the caller gets, empty: the error of the call.
		answers string
	}{
		{"an answer that is a failure", answers("ERROR"), []condition.Condition{noName(condition.Failure)}, "nobody"},
		{"an answer that is none", answers("ERROR"), nil, "ERROR"},
		{"an answer that is a success", answers("ERROR"), []condition.Condition{noName(condition.Success)}, "ERROR"},
		{"an answer that is ignored", answers("ERROR"), []condition.Condition{noName(condition.Ignored)}, "ERROR"},
		{"an answer that meets nothing", answers("Ada"), []condition.Condition{noName(condition.Failure)}, "Ada"},
		{"an error that is a failure", refuses(fails(codes.NotFound)), []condition.Condition{onCode(codes.NotFound, condition.Failure)}, "nobody"},
		{"an error that is an answer", refuses(fails(codes.NotFound)), []condition.Condition{noName(condition.Failure)}, ""},
		{"an error that is a success", refuses(fails(codes.Internal)), []condition.Condition{onCode(codes.Internal, condition.Success)}, ""},
		{"an error that is ignored", refuses(fails(codes.Internal)), []condition.Condition{onCode(codes.Internal, condition.Ignored)}, "nobody"},
		{"an answer's error that is ignored", refuses(fails(codes.NotFound)), []condition.Condition{onCode(codes.NotFound, condition.Ignored)}, ""},
		{"no permission", refuses(fails(codes.PermissionDenied)), []condition.Condition{onCode(codes.PermissionDenied, condition.Failure)}, ""},
		{"no credentials", refuses(fails(codes.Unauthenticated)), []condition.Condition{onCode(codes.Unauthenticated, condition.Failure)}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fallbacks := methods(t, method().Else(method().Static(&testv1.GetProfileResponse{Name: "nobody"})))
				client := (&profiles{get: tt.get}).under(t, fallbacks, tt.all...)
				var report degrade.Report
				resp, err := client.GetProfile(t.Context(), new(testv1.GetProfileRequest), degrade.Capture(&report))
				if resp.GetName() != tt.answers || (err == nil) != (tt.answers != "") {
					t.Errorf("answer %q, %v; want %q", resp.GetName(), err, tt.answers)
				}
				if marked := report.State("") == degrade.Defaulted; marked != (tt.answers == "nobody") {
					t.Errorf("marked as a default: %v", marked)
				}
			})
		})
	}
}

// What the program says of errors stands, whatever a rule says; of answers it says nothing.
func TestConditionsLeaveWhen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		never := func(error) bool { return false }
		fallbacks := methods(t, method().When(never).Else(method().Static(&testv1.GetProfileResponse{Name: "nobody"})))
		p := &profiles{get: refuses(status.Error(codes.NotFound, ""))}
		client := p.under(t, fallbacks, onCode(codes.NotFound, condition.Failure), noName(condition.Failure))
		if resp, err := client.GetProfile(t.Context(), new(testv1.GetProfileRequest)); status.Code(err) != codes.NotFound {
			t.Errorf("an error: %v, %v; want it", resp, err)
		}
		p.get = answers("ERROR")
		if resp, err := client.GetProfile(t.Context(), new(testv1.GetProfileRequest)); err != nil || resp.GetName() != "nobody" {
			t.Errorf("an answer: %v, %v; want the fallback's", resp, err)
		}
	})
}

// An answer that is a failure is not kept as the last good one, and the caller has it if
// nothing else answers: no worse than without fallbacks.
func TestAnswersThatAreFailuresAreNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept := store(t, fallback.StoreConfig{MaxAge: time.Hour})
		p := &profiles{get: answers("ERROR")}
		client := p.under(t, methods(t, method().Else(method().LastGood(kept, fallback.SameForAll()))), noName(condition.Failure))
		get := func(want string) {
			t.Helper()
			if resp, err := client.GetProfile(t.Context(), new(testv1.GetProfileRequest)); err != nil || resp.GetName() != want {
				t.Errorf("answer %v, %v; want %q", resp, err, want)
			}
		}
		get("ERROR")
		p.get = answers("Ada")
		get("Ada")
		p.get = answers("ERROR")
		get("Ada")
		get("Ada")
	})
}

// A function of a chain asks what the rule says of its call, and fails by it.
func TestStepsAskWhatTheRuleSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := (&profiles{get: answers("ERROR")}).under(t, nil, noName(condition.Failure))
		var cause error
		name, err := fallback.New("name",
			fallback.To("service", func(ctx context.Context, id string) (string, error) {
				var told policy.Told
				resp, err := client.GetProfile(ctx, &testv1.GetProfileRequest{Id: id}, policy.Tell(&told))
				if j, ok := told.Judgement(); ok && err == nil {
					err = j.Err()
				}
				cause = err
				return resp.GetName(), err
			}),
			fallback.Default(func(string) string { return "nobody" }))
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := name.Do(t.Context(), "1"); err != nil || answer.Value != "nobody" || !errors.Is(answer.Cause, cause) {
			t.Errorf("answer %+v, %v; want the default, because of the condition", answer, err)
		}
		if status.Code(cause) != codes.Unknown || cause.Error() != `rpc error: code = Unknown desc = policy: the answer is a failure by "no name" of its rule` {
			t.Errorf("cause %v", cause)
		}
	})
}
