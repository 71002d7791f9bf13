package afloattest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/afloattest"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fanout"
	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// profiles knows one profile.
type profiles struct {
	pb.UnimplementedTierServiceServer
}

func (profiles) GetProfile(context.Context, *pb.GetProfileRequest) (*pb.GetProfileResponse, error) {
	return &pb.GetProfileResponse{Name: "Ann"}, nil
}

// newPlan makes accounts of what is to be tested.
func newPlan(client pb.TierServiceClient) (*fanout.Plan[*pb.GetAccountRequest, *pb.GetAccountResponse], error) {
	profileOf := func(req *pb.GetAccountRequest) *pb.GetProfileRequest { return &pb.GetProfileRequest{Id: req.GetId()} }
	tariff := func(context.Context, *pb.GetAccountRequest) (string, error) { return "gold", nil }
	return fanout.NewPlan("GetAccount",
		fanout.Required("plan", tariff, func(to *pb.GetAccountResponse, name string) { to.Plan = name }),
		fanout.Optional("profile", fanout.RPC(client.GetProfile, profileOf),
			func(to *pb.GetAccountResponse, p *pb.GetProfileResponse) { to.Profile = p }).Timeout(time.Second))
}

func TestPageWithoutItsProfile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := afloattest.NewScript(t)
		script.At(pb.TierService_GetProfile_FullMethodName, 1, afloattest.Hang())
		cc := afloattest.Serve(t, func(s grpc.ServiceRegistrar) {
			pb.RegisterTierServiceServer(s, profiles{})
		}, afloattest.WithScript(script))
		plan, err := newPlan(pb.NewTierServiceClient(cc))
		if err != nil {
			t.Fatal(err)
		}
		for call, want := range []degrade.State{degrade.Missing, degrade.Intact} {
			begin, page := time.Now(), &pb.GetAccountResponse{}
			report, err := plan.Gather(t.Context(), &pb.GetAccountRequest{}, page)
			if err != nil {
				t.Fatal(err)
			}
			afloattest.WantState(t, report, "profile", want)
			if took := time.Since(begin); took > time.Second {
				t.Errorf("page %d took %v", call, took)
			}
		}
	})
}

func TestCallerOfAnOldProfile(t *testing.T) {
	t.Parallel()
	conn := afloattest.NewConn(t)
	conn.Answer(pb.TierService_GetProfile_FullMethodName, &pb.GetProfileResponse{Name: "Ann"},
		degrade.Marker{Path: "name", State: degrade.Stale, Reason: degrade.ReasonUnavailable, Age: time.Hour})
	client := pb.NewTierServiceClient(conn)

	var report degrade.Report
	profile, err := client.GetProfile(t.Context(), &pb.GetProfileRequest{}, degrade.Capture(&report))
	if err != nil || profile.GetName() != "Ann" {
		t.Errorf("%v, %v", profile, err)
	}
	afloattest.WantMarkers(t, report, degrade.Marker{Path: "name", State: degrade.Stale, Reason: degrade.ReasonUnavailable})

	_, err = client.GetProfile(t.Context(), &pb.GetProfileRequest{}, degrade.Require("name"))
	afloattest.WantReason(t, err, policy.ReasonIncomplete)
}

// mock is as a generator makes it, but for what it does.
type mock struct{ pb.TierServiceClient }

func (m mock) GetProfile(
	ctx context.Context, _ *pb.GetProfileRequest, opts ...grpc.CallOption,
) (*pb.GetProfileResponse, error) {
	report := degrade.NewReport(degrade.Marker{Path: "avatar", State: degrade.Missing, Reason: degrade.ReasonTimeout})
	if err := degrade.Deliver(ctx, opts, report); err != nil {
		return nil, err // what the caller requires is missing
	}
	return &pb.GetProfileResponse{Name: "Ann"}, nil
}

func TestMockHandsOutMarkers(t *testing.T) {
	t.Parallel()
	var report degrade.Report
	if _, err := (mock{}).GetProfile(t.Context(), nil, degrade.Capture(&report), degrade.Require("name")); err != nil {
		t.Error(err)
	}
	afloattest.WantState(t, report, "avatar", degrade.Missing)
	_, err := mock{}.GetProfile(t.Context(), nil, degrade.RequireComplete())
	afloattest.WantReason(t, err, policy.ReasonIncomplete)
}
