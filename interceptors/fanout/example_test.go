package fanout_test

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/step"
)

// pages makes pages of an account, a banner and some profiles.
type pages struct {
	pb.UnimplementedTierServiceServer

	accounts pb.TierServiceClient
	banner   func(ctx context.Context, req *pb.GetPageRequest) (string, error)
	profile  func(ctx context.Context, req *pb.GetPageRequest, id string) (*pb.GetProfileResponse, error)
	plan     *fanout.Plan[*pb.GetPageRequest, *pb.GetPageResponse]
}

func (s *pages) init() (err error) {
	s.plan, err = fanout.NewPlan("GetPage",
		fanout.Required("account", fanout.RPC(s.accounts.GetAccount, accountOf), setAccount).
			Embed(),
		fanout.Optional("banner", s.banner, setBanner).
			Timeout(50*time.Millisecond).
			Else(fallback.Default(func(*pb.GetPageRequest) string { return "Welcome" })),
		fanout.Each("profiles", friends, s.profile, setProfiles).
			Parallel(4),
	)
	return err // every fault of every source: a path that is no field, a field bound twice, …
}

func (s *pages) GetPage(ctx context.Context, req *pb.GetPageRequest) (*pb.GetPageResponse, error) {
	page := &pb.GetPageResponse{}
	_, err := s.plan.Gather(ctx, req, page)
	return page, err
}

func accountOf(req *pb.GetPageRequest) *pb.GetAccountRequest {
	return &pb.GetAccountRequest{Id: req.GetId()}
}

// Messages of the opaque API have such methods.
func setAccount(p *pb.GetPageResponse, a *pb.GetAccountResponse)      { p.Account = a }
func setBanner(p *pb.GetPageResponse, b string)                       { p.Banner = b }
func setProfiles(p *pb.GetPageResponse, all []*pb.GetProfileResponse) { p.Profiles = all }

func friends(*pb.GetPageRequest) []string { return []string{"ada", "bob", "cy"} }

// accounts answers from memory.
type accounts struct{ pb.TierServiceClient }

// A page has an account and three friends, one of whom is not to be had, and its
// banner takes too long.
func ExampleNewPlan() {
	s := &pages{
		accounts: inMemory(),
		banner: func(ctx context.Context, _ *pb.GetPageRequest) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		},
		profile: func(_ context.Context, _ *pb.GetPageRequest, id string) (*pb.GetProfileResponse, error) {
			if id == "bob" {
				return nil, status.Error(codes.Unavailable, "no connection")
			}
			return &pb.GetProfileResponse{Name: id}, nil
		},
	}
	if err := s.init(); err != nil {
		fmt.Println(err)
		return
	}
	page, err := s.GetPage(context.Background(), &pb.GetPageRequest{Id: "7"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("plan:", page.GetAccount().GetPlan())
	fmt.Println("banner:", page.GetBanner())
	fmt.Println("friends:", len(page.GetProfiles()))
	for m := range degrade.FromResponse(page).Markers() {
		fmt.Printf("%s: %v (%v) %d\n", m.Path, m.State, m.Reason, m.Count)
	}
	// Output:
	// plan: gold
	// banner: Welcome
	// friends: 2
	// banner: defaulted (timeout) 0
	// profiles[*]: missing (unavailable) 1
}

// What is wrong with a plan is found when the program starts, all of it.
func ExampleNewPlan_faults() {
	banner := func(context.Context, *pb.GetPageRequest) (string, error) { return "", nil }
	_, err := fanout.NewPlan("GetPage",
		fanout.Optional("baner", banner, setBanner).Timeout(-time.Second),
		fanout.Optional("banner", banner, setBanner),
		fanout.Required("banner", banner, setBanner),
	)
	fmt.Println(err)
	// Output:
	// fanout "GetPage": path = "banner", bound already by "banner"; must be bound once
	// fanout "GetPage", source "baner": degrade: path = "baner"; afloat.test.v1.GetPageResponse has no field "baner"
	// fanout "GetPage", source "baner", step "baner": timeout = -1s; must be in [1ms, 24h0m0s]
}

// A few values by name need no plan.
func ExampleCollect() {
	got := fanout.Collect(context.Background(), time.Second, map[string]func(context.Context) (int, error){
		"in stock": func(context.Context) (int, error) { return 3, nil },
		"ordered":  func(context.Context) (int, error) { return strconv.Atoi("many") },
	})
	fmt.Println(got["in stock"].Value, got["in stock"].Err)
	fmt.Println(got["ordered"].Err)
	// Output:
	// 3 <nil>
	// strconv.Atoi: parsing "many": invalid syntax
}

// slow notes what had to be left behind. It is an observer of plans and of chains.
type slow struct{ fanout.NopObserver }

func (slow) StepEnded(_ context.Context, s step.ID, e step.Ended) {
	if e.Abandoned {
		fmt.Printf("%s of %s: left behind\n", s.Name, s.Plan)
	}
}

func (slow) FellBack(_ context.Context, f step.FellBack) {
	fmt.Printf("%s of %s: %v by %s\n", f.Chain, f.Plan, f.State, f.Step)
}

// An observer hears of every step, whatever becomes of it.
func ExampleObserver() {
	sleepy := func(context.Context, *pb.GetPageRequest) (string, error) {
		time.Sleep(time.Second) // without a look at the context
		return "Hello", nil
	}
	plan, err := fanout.NewPlanWith(
		fanout.Config{Name: "GetPage", Observer: slow{}},
		fanout.Optional("banner", sleepy, setBanner).Timeout(20*time.Millisecond).
			Else(fallback.Default(func(*pb.GetPageRequest) string { return "Welcome" })),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	page := &pb.GetPageResponse{}
	if _, err := plan.Gather(context.Background(), &pb.GetPageRequest{}, page); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.GetBanner())
	// Output:
	// banner of GetPage: left behind
	// banner of GetPage: defaulted by default
	// Welcome
}
