package degrade_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/interceptors/degrade"
	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// The functions of this file stand in docs/partial-responses.md, word for word.

// pages answers with pages, made of what other services know.
type pages struct {
	pb.UnimplementedTierServiceServer

	accounts pb.TierServiceClient
	banner   func(context.Context) (text string, asOf time.Time, err error)
}

func (s *pages) GetPage(ctx context.Context, req *pb.GetPageRequest) (*pb.GetPageResponse, error) {
	page := &pb.GetPageResponse{}

	// Under: what that service says of its "plan", ours says of "account.plan".
	account, err := s.accounts.GetAccount(degrade.Under(ctx, "account"), &pb.GetAccountRequest{Id: req.GetId()})
	switch {
	case err == nil:
		page.Account = degrade.Cleared(account) // our own markers say it all
	case status.Code(err) == codes.NotFound:
		// An answer: there is no account. Nothing is degraded.
	default:
		_ = degrade.Mark(ctx, "account", degrade.Missing, degrade.ReasonOf(err)) // the path is well formed
	}

	text, asOf, err := s.banner(ctx)
	if err != nil {
		return nil, err // a page without a banner is no page
	}
	page.Banner = text
	if age := time.Since(asOf); age > time.Minute {
		degrade.Add(ctx, degrade.NewReport(degrade.Marker{
			Path: "banner", State: degrade.Stale, Reason: degrade.ReasonUnavailable, Age: age.Truncate(time.Hour),
		}))
	}
	return page, nil
}

func show(ctx context.Context, client pb.TierServiceClient) error {
	var report degrade.Report
	page, err := client.GetPage(ctx, &pb.GetPageRequest{Id: "7"}, degrade.Capture(&report))
	if err != nil {
		return err
	}
	switch state := report.State("account"); state {
	case degrade.Intact:
		fmt.Println("account:", page.GetAccount().GetPlan())
	case degrade.Missing:
		fmt.Println("account: not available just now") // not the same as "you have none"
	default:
		fmt.Println("account:", state)
	}
	fmt.Printf("banner: %s, %v old\n", page.GetBanner(), report.Age("banner"))
	fmt.Println("may be cached:", report.Complete())
	return nil
}

// run serves s in memory, with afloat on both sides, for as long as do takes.
// interceptors.ServerOptions and interceptors.DialOptions include these
// interceptors.
func run(s pb.TierServiceServer, do func(pb.TierServiceClient)) {
	listener := bufconn.Listen(1 << 16)
	server := grpc.NewServer(grpc.ChainUnaryInterceptor(degrade.UnaryServerInterceptor()))
	pb.RegisterTierServiceServer(server, s)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	cc, err := grpc.NewClient("passthrough:///pages",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithChainUnaryInterceptor(degrade.UnaryClientInterceptor()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cc.Close()
	do(pb.NewTierServiceClient(cc))
}

// bannerOfYesterday is a source that has nothing new.
func bannerOfYesterday(context.Context) (string, time.Time, error) {
	return "Sale!", time.Now().Add(-24 * time.Hour), nil
}

// accountsThat is the service below, which fails or knows no plan.
type accountsThat struct {
	pb.UnimplementedTierServiceServer

	fail bool
}

func (s accountsThat) GetAccount(ctx context.Context, _ *pb.GetAccountRequest) (*pb.GetAccountResponse, error) {
	if s.fail {
		return nil, status.Error(codes.Unavailable, "down")
	}
	return &pb.GetAccountResponse{}, degrade.Mark(ctx, "plan", degrade.Missing, degrade.ReasonTimeout)
}

// A handler marks what its response lacks.
func ExampleMark() {
	run(accountsThat{fail: true}, func(accounts pb.TierServiceClient) {
		run(&pages{accounts: accounts, banner: bannerOfYesterday}, func(client pb.TierServiceClient) {
			if err := show(context.Background(), client); err != nil {
				fmt.Println(err)
			}
		})
	})
	// Output:
	// account: not available just now
	// banner: Sale!, 24h0m0s old
	// may be cached: false
}

// What a service below says of its response becomes part of the one above.
func ExampleUnder() {
	run(accountsThat{}, func(accounts pb.TierServiceClient) {
		run(&pages{accounts: accounts, banner: bannerOfYesterday}, func(client pb.TierServiceClient) {
			if err := show(context.Background(), client); err != nil {
				fmt.Println(err)
			}
		})
	})
	// Output:
	// account: partial
	// banner: Sale!, 24h0m0s old
	// may be cached: false
}

// A client asks what is degraded, and why.
func ExampleCapture() {
	run(accountsThat{}, func(client pb.TierServiceClient) {
		var report degrade.Report
		_, err := client.GetAccount(context.Background(), &pb.GetAccountRequest{}, degrade.Capture(&report))
		fmt.Println(err, report.Complete(), report.State("plan"), report.State("profile"))
		for m := range report.Markers() {
			fmt.Println(m.Path, m.State, m.Reason)
		}
	})
	// Output:
	// <nil> false missing intact
	// plan missing timeout
}

// A response that has a field for its markers keeps them, wherever it goes.
func ExampleFromResponse() {
	run(accountsThat{}, func(client pb.TierServiceClient) {
		account, err := client.GetAccount(context.Background(), &pb.GetAccountRequest{})
		report := degrade.FromResponse(account)
		fmt.Println(err, report.Known(), report.Summary())
	})
	// Output: <nil> true 1; missing=1
}

// A client that has no use for less asks for all or nothing.
func ExampleRequireComplete() {
	run(accountsThat{}, func(client pb.TierServiceClient) {
		_, err := client.GetAccount(context.Background(), &pb.GetAccountRequest{}, degrade.RequireComplete())
		fmt.Println(status.Code(err))
		fmt.Println(degrade.FromError(err).State("plan"))
	})
	// Output:
	// Unavailable
	// missing
}

// Code that wants an error rather than a report has one.
func ExampleReport_Err() {
	report := degrade.NewReport(degrade.Marker{Path: "plan", State: degrade.Missing, Reason: degrade.ReasonTimeout})
	err := report.Err()
	incomplete, ok := errors.AsType[*degrade.IncompleteError](err)
	fmt.Println(err)
	fmt.Println(ok, incomplete.Report.Len())
	// Output:
	// degrade: incomplete response: "plan" is missing (timeout)
	// true 1
}
