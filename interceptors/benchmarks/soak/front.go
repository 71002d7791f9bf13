package main

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// front is the middle tier. It gathers pages from the backends, and passes the rest
// through.
type front struct {
	*tier
	relay

	hostile testv1.TierServiceClient
	page    *fanout.Plan[*testv1.GetPageRequest, *testv1.GetPageResponse]
	plain   *fanout.Plan[*testv1.GetPlainRequest, *testv1.GetPlainResponse]
	conns   []*grpc.ClientConn
	host    *host

	// The front's own books.
	arrived, handled, runs, degradedPages atomic.Int64
}

// maxKeys is how many profiles of a page are asked for.
const maxKeys = 20

// fixedPlan is the plan that an account has when nobody knows better.
const fixedPlan = "fixed"

// startFront connects a front to the backends and serves it.
func startFront(ctx context.Context, t *tier, a, b, hostile string) (*front, error) {
	f := &front{tier: t}
	if err := f.connect(a, b, hostile); err != nil {
		return nil, err
	}
	if err := f.planAll(); err != nil {
		return nil, err
	}
	var err error
	f.host, err = startHost(ctx, f.server)
	return f, err
}

// connect dials the backends. The last good answers are kept for each user.
func (f *front) connect(a, b, hostile string) error {
	store, err := fallback.NewStore(fallback.StoreConfig{MaxEntries: 500, MaxBytes: 1 << 20})
	if err != nil {
		return err
	}
	account := fallback.For[*testv1.GetAccountRequest, *testv1.GetAccountResponse](testv1.TierService_GetAccount_FullMethodName)
	profile := fallback.For[*testv1.GetProfileRequest, *testv1.GetProfileResponse](testv1.TierService_GetProfile_FullMethodName)
	for _, c := range []struct {
		client  *testv1.TierServiceClient
		target  string
		methods []fallback.AnyMethod
	}{
		{&f.a, a, []fallback.AnyMethod{account.Else(account.LastGood(store, fallback.KeyBy(userOf)))}},
		{&f.b, b, []fallback.AnyMethod{profile.Else(profile.LastGood(store, fallback.KeyBy(userOf)))}},
		{&f.hostile, hostile, nil},
	} {
		methods, err := fallback.NewMethodsWith(fallback.MethodsConfig{Target: c.target, Observer: f.books}, c.methods...)
		if err != nil {
			return err
		}
		conn, err := f.dial(c.target, methods)
		if err != nil {
			return err
		}
		f.conns = append(f.conns, conn)
		*c.client = testv1.NewTierServiceClient(conn)
	}
	return nil
}

// userOf returns the user that a call is made for, if it says.
func userOf(ctx context.Context, _ proto.Message) (key string, known bool) {
	md, _ := metadata.FromOutgoingContext(ctx)
	user := last(md.Get(userKey))
	return user, user != ""
}

// server makes the server. Its callers are outside of the trust boundary. The front
// counts what arrives in front of the interceptors, and behind them.
func (f *front) server() *grpc.Server {
	opts := append(counting(&f.arrived), interceptors.ServerOptions(f.set.Rules(), interceptors.WithEdge())...)
	s := grpc.NewServer(append(append(opts, counting(&f.handled)...), grpc.WaitForHandlers(true))...)
	testv1.RegisterTierServiceServer(s, f)
	return s
}

// counting returns the options that count the calls which come that far.
func counting(n *atomic.Int64) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			n.Add(1)
			return handler(ctx, req)
		}),
		grpc.ChainStreamInterceptor(func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			n.Add(1)
			return handler(srv, s)
		}),
	}
}

// planAll makes the plans.
func (f *front) planAll() (err error) {
	f.page, err = fanout.NewPlanWith(
		fanout.Config{Name: "GetPage", Observer: f.books, MaxDuration: time.Second},
		fanout.Optional("account", f.accountFrom(f.a), func(p *testv1.GetPageResponse, a *testv1.GetAccountResponse) { p.Account = a }).
			Timeout(200*time.Millisecond).Embed().
			Else(
				fallback.To("second", f.accountFrom(f.b)).Timeout(100*time.Millisecond).MaxRunning(50),
				fallback.Default(func(*testv1.GetPageRequest) *testv1.GetAccountResponse {
					return &testv1.GetAccountResponse{Plan: fixedPlan}
				}),
			),
		fanout.Optional("banner", f.banner, func(p *testv1.GetPageResponse, text string) { p.Banner = text }).
			Timeout(200*time.Millisecond),
		fanout.Each("profiles", keysOf, f.profile, func(p *testv1.GetPageResponse, all []*testv1.GetProfileResponse) { p.Profiles = all }).
			Parallel(4).MaxKeys(maxKeys).Timeout(150*time.Millisecond).Embed(),
	)
	if err != nil {
		return err
	}
	f.plain, err = fanout.NewPlanWith(
		fanout.Config{Name: "GetPlain", Observer: f.books, MaxDuration: time.Second},
		fanout.Optional("text", func(ctx context.Context, _ *testv1.GetPlainRequest) (string, error) {
			return f.banner(ctx, nil)
		}, func(p *testv1.GetPlainResponse, text string) { p.Text = text }).Timeout(200*time.Millisecond),
		fanout.Optional("profile", func(ctx context.Context, r *testv1.GetPlainRequest) (*testv1.GetProfileResponse, error) {
			return f.hostile.GetProfile(ctx, &testv1.GetProfileRequest{Id: r.GetId()})
		}, func(p *testv1.GetPlainResponse, r *testv1.GetProfileResponse) { p.Profile = r }).Timeout(100*time.Millisecond).Embed(),
	)
	return err
}

// accountFrom asks a backend for the account.
func (f *front) accountFrom(c testv1.TierServiceClient) func(context.Context, *testv1.GetPageRequest) (*testv1.GetAccountResponse, error) {
	return func(ctx context.Context, _ *testv1.GetPageRequest) (*testv1.GetAccountResponse, error) {
		return c.GetAccount(ctx, &testv1.GetAccountRequest{Id: "account"}) // the same request for all users
	}
}

// banner asks for a text whose markers come in a trailer.
func (f *front) banner(ctx context.Context, _ *testv1.GetPageRequest) (string, error) {
	r, err := f.b.GetPlain(ctx, &testv1.GetPlainRequest{Id: "banner"})
	return r.GetText(), err
}

// profile asks for one profile.
func (f *front) profile(ctx context.Context, _ *testv1.GetPageRequest, key string) (*testv1.GetProfileResponse, error) {
	return f.b.GetProfile(ctx, &testv1.GetProfileRequest{Id: key})
}

// keysOf returns as many keys as the request says.
func keysOf(r *testv1.GetPageRequest) []string {
	n, _ := strconv.Atoi(r.GetId())
	keys := make([]string, n)
	for i := range keys {
		keys[i] = "p" + strconv.Itoa(i)
	}
	return keys
}

// GetPage gathers a page.
func (f *front) GetPage(ctx context.Context, req *testv1.GetPageRequest) (*testv1.GetPageResponse, error) {
	resp := &testv1.GetPageResponse{}
	f.runs.Add(1)
	report, err := f.page.Gather(passOn(ctx), req, resp)
	if err != nil {
		return nil, err
	}
	if report.Len() > 0 {
		f.degradedPages.Add(1)
	}
	return resp, nil
}

// GetPlain gathers a response that has no room for markers.
func (f *front) GetPlain(ctx context.Context, req *testv1.GetPlainRequest) (*testv1.GetPlainResponse, error) {
	f.runs.Add(1)
	resp := &testv1.GetPlainResponse{}
	_, err := f.plain.Gather(passOn(ctx), req, resp)
	return resp, err
}
