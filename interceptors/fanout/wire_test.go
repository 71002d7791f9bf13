package fanout_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// planned answers with what a plan makes, into a message that has room for markers or
// one that has none.
type planned struct {
	testv1.UnimplementedTierServiceServer

	profile *fanout.Plan[request, response]
	plain   *fanout.Plan[*testv1.GetPlainRequest, *testv1.GetPlainResponse]
}

func (p *planned) GetProfile(ctx context.Context, req request) (response, error) {
	resp := &testv1.GetProfileResponse{}
	_, err := p.profile.Gather(ctx, req, resp)
	return resp, err
}

func (p *planned) GetPlain(ctx context.Context, req *testv1.GetPlainRequest) (*testv1.GetPlainResponse, error) {
	resp := &testv1.GetPlainResponse{}
	_, err := p.plain.Gather(ctx, req, resp)
	return resp, err
}

// client runs p until the test ends, and returns a client of it. Both have all
// interceptors.
func (p *planned) client(tb testing.TB, opts ...grpc.DialOption) testv1.TierServiceClient {
	tb.Helper()
	server := grpc.NewServer(append(interceptors.ServerOptions(rpctest.One{}), grpc.WaitForHandlers(true))...)
	testv1.RegisterTierServiceServer(server, p)
	return testv1.NewTierServiceClient(rpctest.Serve(tb, server, "planned", append(interceptors.DialOptions(rpctest.One{}), opts...)...))
}

// The retries of gRPC's service config work for calls that a plan fails: the markers
// of a failed run are in the details of its error, and in no header.
func TestServiceConfigRetriesOfFailedRuns(t *testing.T) {
	t.Parallel()
	const retries = `{"methodConfig": [{"name": [{}], "retryPolicy": {
		"maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]
	}}]}`
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		name := func(context.Context, request) (string, error) {
			if attempts++; attempts < 3 {
				return "", errDown
			}
			return "Ada", nil
		}
		p := &planned{profile: plan(t, fanout.Required("name", name, setName), fanout.Optional("avatar", fails(errDown), setAvatar))}
		var r degrade.Report
		resp, err := p.client(t, grpc.WithDefaultServiceConfig(retries)).GetProfile(t.Context(), &testv1.GetProfileRequest{}, degrade.Capture(&r))
		if err != nil || attempts != 3 || resp.GetName() != "Ada" {
			t.Errorf("%d attempts: %v, %v; want 3", attempts, resp, err)
		}
		marked(t, r, "avatar missing unavailable")
	})
}

// A peer with the common limit of 8 KiB for all headers gets the response of a plan
// of which 500 elements are missing, and the error of one that fails.
func TestPeerWithSmallHeadersAndManyElements(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const elements = 500
		var failed error
		keys := func(*testv1.GetPlainRequest) []int { return upTo(elements + 1)(nil) }
		get := func(_ context.Context, _ *testv1.GetPlainRequest, key int) (string, error) {
			if key == 0 {
				return "here", nil
			}
			return "", errDown
		}
		text := func(context.Context, *testv1.GetPlainRequest) (string, error) {
			time.Sleep(time.Second) // the elements come first
			return "here", failed
		}
		p, err := fanout.NewPlan(
			"GetPlain",
			fanout.Required("text", text, func(r *testv1.GetPlainResponse, s string) { r.Text = s }),
			fanout.Each("profile.tags", keys, get, func(r *testv1.GetPlainResponse, tags []string) {
				r.Profile = &testv1.GetProfileResponse{Tags: tags}
			}).Named(func(key int) string { return strings.Repeat("é", 50) + strconv.Itoa(key) }),
		)
		if err != nil {
			t.Fatal(err)
		}
		client := (&planned{plain: p}).client(t, grpc.WithMaxHeaderListSize(8<<10))
		for _, failed = range []error{nil, status.Error(codes.Unavailable, strings.Repeat("down ", 60))} {
			var r degrade.Report
			resp, err := client.GetPlain(t.Context(), &testv1.GetPlainRequest{}, degrade.Capture(&r))
			if status.Code(err) != status.Code(failed) || err == nil && (resp.GetText() != "here" || len(resp.GetProfile().GetTags()) != 1) {
				t.Fatalf("response = %v, %v", resp, err)
			}
			missing := r.Dropped()
			for m := range r.Markers() {
				if m.Path == "profile.tags[*]" {
					missing += m.Count
				}
			}
			if missing != elements {
				t.Errorf("%d elements are said to be missing; want %d: %v", missing, elements, r.Proto())
			}
		}
	})
}
