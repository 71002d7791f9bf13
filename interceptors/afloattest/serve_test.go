package afloattest_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/afloattest"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

const (
	getProfile = testv1.TierService_GetProfile_FullMethodName
	watch      = testv1.TierService_WatchProfiles_FullMethodName
)

var errDown = status.Error(codes.Unavailable, "down")

// tiers answers every call, and streams with three messages.
type tiers struct {
	testv1.UnimplementedTierServiceServer
}

func (tiers) GetProfile(ctx context.Context, req *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	if req.GetId() == "old" {
		return &testv1.GetProfileResponse{}, degrade.Mark(ctx, "name", degrade.Stale, degrade.ReasonTimeout)
	}
	return &testv1.GetProfileResponse{Name: "Ann"}, nil
}

func (tiers) WatchProfiles(_ *testv1.WatchProfilesRequest, s grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
	for range 3 {
		if err := s.Send(&testv1.WatchProfilesResponse{}); err != nil {
			return err
		}
	}
	return nil
}

// serve serves tiers that follow a script.
func serve(t *testing.T, opts ...afloattest.Option) (testv1.TierServiceClient, *afloattest.Script) {
	t.Helper()
	script := afloattest.NewScript(t)
	cc := afloattest.Serve(t, func(s grpc.ServiceRegistrar) { testv1.RegisterTierServiceServer(s, tiers{}) },
		append(opts, afloattest.WithScript(script))...)
	return testv1.NewTierServiceClient(cc), script
}

// ask asks for a profile within a minute and returns how long it took, and the error.
func ask(t *testing.T, c testv1.TierServiceClient) (time.Duration, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	begin := time.Now()
	_, err := c.GetProfile(ctx, &testv1.GetProfileRequest{})
	return time.Since(begin), err
}

func TestActs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		act  afloattest.Act
		code codes.Code
		took time.Duration
	}{
		"pass":       {afloattest.Pass(), codes.OK, 0},
		"fail":       {afloattest.Fail(errDown), codes.Unavailable, 0},
		"hang":       {afloattest.Hang(), codes.DeadlineExceeded, time.Minute},
		"slow":       {afloattest.Slow(time.Second), codes.OK, time.Second},
		"too slow":   {afloattest.Slow(time.Hour), codes.DeadlineExceeded, time.Minute},
		"deaf":       {afloattest.Deaf(time.Hour), codes.DeadlineExceeded, time.Minute},
		"afterwards": {afloattest.Fail(errDown).After(1), codes.Unavailable, 0},
		"a function": {afloattest.Do(func(context.Context) error { time.Sleep(time.Second); return errDown }), codes.Unavailable, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, script := serve(t)
				script.Always(getProfile, tt.act)
				if took, err := ask(t, c); status.Code(err) != tt.code || took != tt.took {
					t.Errorf("%v after %v; want %v after %v", err, took, tt.code, tt.took)
				}
			})
		})
	}
}

func TestScriptAtGivenCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, script := serve(t)
		script.At(getProfile, 2, afloattest.Fail(errDown))
		script.At(getProfile, 3, afloattest.Slow(time.Second))
		for n, want := range []codes.Code{codes.OK, codes.Unavailable, codes.OK, codes.OK} {
			if _, err := ask(t, c); status.Code(err) != want {
				t.Errorf("call %d: %v; want %v", n+1, err, want)
			}
		}
		script.Always("*", afloattest.Fail(status.Error(codes.Aborted, "all")))
		script.Always("/afloat.test.v1.TierService/*", afloattest.Fail(errDown))
		if _, err := ask(t, c); status.Code(err) != codes.Unavailable {
			t.Errorf("%v; want what the closest says", err)
		}
		script.Always(getProfile, afloattest.Pass())
		if _, err := ask(t, c); err != nil {
			t.Errorf("%v; want it to pass again", err)
		}
		if n := script.Calls(getProfile); n != 6 || script.Calls(watch) != 0 {
			t.Errorf("%d and %d calls; want 6 and none", n, script.Calls(watch))
		}
	})
}

func TestScriptOfStreams(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		act  afloattest.Act
		got  int
		code codes.Code
		took time.Duration
	}{
		"pass":                 {afloattest.Pass(), 3, codes.OK, 0},
		"fails at once":        {afloattest.Fail(errDown), 0, codes.Unavailable, 0},
		"fails after two":      {afloattest.Fail(errDown).After(2), 2, codes.Unavailable, 0},
		"fails after the last": {afloattest.Fail(errDown).After(3), 3, codes.Unavailable, 0},
		"fails in the end":     {afloattest.Fail(errDown).After(9), 3, codes.Unavailable, 0},
		"hangs after one":      {afloattest.Hang().After(1), 1, codes.DeadlineExceeded, time.Minute},
		"slow after one":       {afloattest.Slow(time.Second).After(1), 3, codes.OK, time.Second},
		"ends after two":       {afloattest.End().After(2), 2, codes.OK, 0},
		"ends at once":         {afloattest.End(), 0, codes.OK, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, script := serve(t)
				script.Always(watch, tt.act)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				begin := time.Now()
				s, err := c.WatchProfiles(ctx, &testv1.WatchProfilesRequest{})
				if err != nil {
					t.Fatal(err)
				}
				got := 0
				for {
					if _, err = s.Recv(); err != nil {
						break
					}
					got++
				}
				if errors.Is(err, io.EOF) {
					err = nil
				}
				if took := time.Since(begin); got != tt.got || status.Code(err) != tt.code || took != tt.took {
					t.Errorf("%d messages, %v after %v; want %d, %v after %v", got, err, took, tt.got, tt.code, tt.took)
				}
			})
		})
	}
}

// Both sides are guarded as they are in production, by the rules that one likes.
func TestServeGuards(t *testing.T) {
	t.Parallel()
	guard := func(t *testing.T, side policy.Side, policies ...rules.Template) *rules.Rules {
		t.Helper()
		made, err := interceptors.NewRules([]rules.Rule{{Match: "*", Sides: []policy.Side{side}, Policies: policies}})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	opens := breaker.Each(breaker.Config{ConsecutiveFailures: 1})
	for name, tt := range map[string]struct {
		opts func(t *testing.T) []afloattest.Option
		want policy.Reason // of the second call
	}{
		"not yet, by the built-in rule": {func(*testing.T) []afloattest.Option { return nil }, ""},
		"the client does": {func(t *testing.T) []afloattest.Option {
			t.Helper()
			return []afloattest.Option{afloattest.WithClientRules(guard(t, policy.Client, opens))}
		}, policy.ReasonCircuitOpen},
		"the server does": {func(t *testing.T) []afloattest.Option {
			t.Helper()
			return []afloattest.Option{afloattest.WithServerRules(guard(t, policy.Server, opens)), afloattest.WithClientRules(nil)}
		}, policy.ReasonCircuitOpen},
		"nobody does": {func(*testing.T) []afloattest.Option {
			return []afloattest.Option{afloattest.WithServerRules(nil), afloattest.WithClientRules(nil)}
		}, ""},
		"by name": {func(t *testing.T) []afloattest.Option {
			t.Helper()
			made, err := interceptors.NewRules([]rules.Rule{{Match: "*", Target: "passthrough:///users", Policies: []rules.Template{opens}}})
			if err != nil {
				t.Fatal(err)
			}
			return []afloattest.Option{afloattest.WithName("users"), afloattest.WithClientRules(made)}
		}, policy.ReasonCircuitOpen},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, script := serve(t, tt.opts(t)...)
				script.Always(getProfile, afloattest.Fail(errDown))
				_, _ = ask(t, c)
				_, err := ask(t, c)
				afloattest.WantReason(t, err, tt.want)
				if n := script.Calls(getProfile); (n == 1) != (tt.want != "") {
					t.Errorf("%d calls reached the server", n)
				}
			})
		})
	}
}

func TestServeTakesMoreOptions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inside := 0
		count := func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			inside++
			return invoke(ctx, method, req, reply, cc, opts...)
		}
		bound, err := interceptors.NewRules([]rules.Rule{{Match: "*", Policies: []rules.Template{timeout.Each(timeout.Config{Max: time.Second})}}})
		if err != nil {
			t.Fatal(err)
		}
		c, script := serve(t, afloattest.WithClientRules(bound), afloattest.WithServerOptions(interceptors.WithSilence()),
			afloattest.WithDialOptions(grpc.WithChainUnaryInterceptor(count)),
			afloattest.WithGRPCServerOptions(grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
				inside++
				return h(ctx, req)
			})))
		var r degrade.Report
		if _, err := c.GetProfile(t.Context(), &testv1.GetProfileRequest{Id: "old"}, degrade.Capture(&r)); err != nil || r.Known() || inside != 2 {
			t.Errorf("%v, %v, %d interceptors; want silence and both", err, r, inside)
		}
		script.Always(getProfile, afloattest.Hang())
		if took, err := ask(t, c); policy.ReasonOf(err) != policy.ReasonTimeout || took != time.Second {
			t.Errorf("%v after %v; want the rule's timeout", err, took)
		}
	})
}
