package degrade_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// planMiddle is handMiddle with a plan.
type planMiddle struct {
	testv1.UnimplementedTierServiceServer

	*tierTest

	plan *fanout.Plan[*testv1.GetAccountRequest, *testv1.GetAccountResponse]
}

func newPlanMiddle(tb testing.TB, tt *tierTest) testv1.TierServiceServer {
	tb.Helper()
	from := func(way string) func(context.Context, *testv1.GetAccountRequest) (*testv1.GetProfileResponse, error) {
		return func(ctx context.Context, req *testv1.GetAccountRequest) (*testv1.GetProfileResponse, error) {
			return tt.get(ctx, req.GetId()+way)
		}
	}
	gold := func(context.Context, *testv1.GetAccountRequest) (string, error) { return "gold", nil }
	p, err := fanout.NewPlan(
		"GetAccount",
		fanout.Required("plan", gold, func(a *testv1.GetAccountResponse, plan string) { a.Plan = plan }),
		fanout.Optional("profile", from("/profile"), func(a *testv1.GetAccountResponse, p *testv1.GetProfileResponse) { a.Profile = p }).Embed().Timeout(patience).
			Else(fallback.To("other leaf", from("/fallback")).Timeout(patience)),
		fanout.Optional(degrade.Key("friends", "b.f"), from("/friend"), func(a *testv1.GetAccountResponse, p *testv1.GetProfileResponse) {
			a.Friends = map[string]*testv1.GetProfileResponse{"b.f": p}
		}).Embed(), // it has until the plan's time is over
	)
	if err != nil {
		tb.Fatal(err)
	}
	return &planMiddle{tierTest: tt, plan: p}
}

func (s *planMiddle) GetAccount(ctx context.Context, req *testv1.GetAccountRequest) (*testv1.GetAccountResponse, error) {
	if err := s.fate(req.GetId()).meet(ctx); err != nil {
		return nil, err
	}
	resp := &testv1.GetAccountResponse{}
	_, err := s.plan.Gather(ctx, req, resp)
	return resp, err
}

// planPage is handPage with a plan.
type planPage struct {
	testv1.UnimplementedTierServiceServer

	*tierTest

	plan *fanout.Plan[*testv1.GetPageRequest, *testv1.GetPageResponse]
}

func newPlanPage(tb testing.TB, tt *tierTest) testv1.TierServiceServer {
	tb.Helper()
	account := func(req *testv1.GetPageRequest) *testv1.GetAccountRequest {
		return &testv1.GetAccountRequest{Id: req.GetId() + "/account"}
	}
	list := func(*testv1.GetPageRequest) (keys []int) {
		for i := range listed {
			keys = append(keys, i)
		}
		return keys
	}
	profile := func(ctx context.Context, req *testv1.GetPageRequest, key int) (*testv1.GetProfileResponse, error) {
		return tt.get(ctx, req.GetId()+"/list/"+strconv.Itoa(key))
	}
	p, err := fanout.NewPlan(
		"GetPage",
		fanout.Optional("account", fanout.RPC(tt.middle.GetAccount, account), func(p *testv1.GetPageResponse, a *testv1.GetAccountResponse) { p.Account = a }).
			Embed().Timeout(4*patience),
		fanout.Each("profiles", list, profile, func(p *testv1.GetPageResponse, all []*testv1.GetProfileResponse) { p.Profiles = all }).
			Embed().Timeout(patience).Named(strconv.Itoa).AtLeast(0),
	)
	if err != nil {
		tb.Fatal(err)
	}
	return &planPage{tierTest: tt, plan: p}
}

func (s *planPage) GetPage(ctx context.Context, req *testv1.GetPageRequest) (*testv1.GetPageResponse, error) {
	if err := s.fate(req.GetId()).meet(ctx); err != nil {
		return nil, err
	}
	var other sync.WaitGroup
	other.Go(func() { _, _ = ask(degrade.Unused(ctx), s.leaf, req.GetId()+"/unused") })
	defer other.Wait()
	resp := &testv1.GetPageResponse{}
	_, err := s.plan.Gather(ctx, req, resp)
	return resp, err
}

// get asks the leaf for a source of a plan, in some fates without heed to the context.
func (tt *tierTest) get(ctx context.Context, id string) (*testv1.GetProfileResponse, error) {
	if tt.fate(id).deaf {
		unheard, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		ctx = unheard
	}
	return tt.leaf.GetProfile(ctx, &testv1.GetProfileRequest{Id: id})
}
