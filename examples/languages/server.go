package languages

import (
	"context"
	"time"

	"google.golang.org/grpc"

	pb "github.com/afloat-go/afloat/examples/languages/proto/pages/v1"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// NewServer returns a server of pages. It takes one call for a banner an hour.
func NewServer(opts ...grpc.ServerOption) (*grpc.Server, error) {
	guard, err := interceptors.NewRules([]rules.Rule{{
		Match:    pb.PageService_GetBanner_FullMethodName,
		Policies: []rules.Template{ratelimit.Each(ratelimit.Config{PerSecond: 1.0 / 3600, Burst: 1})},
	}})
	if err != nil {
		return nil, err
	}
	server := grpc.NewServer(append(interceptors.ServerOptions(guard), opts...)...)
	pb.RegisterPageServiceServer(server, pages{})
	return server, nil
}

// pages are made as if something that they need were down.
type pages struct {
	pb.UnimplementedPageServiceServer
}

// GetPage returns a page without its banner, and with two of ten offers.
func (pages) GetPage(ctx context.Context, req *pb.GetPageRequest) (*pb.GetPageResponse, error) {
	degrade.Add(ctx, degrade.NewReport(
		degrade.Marker{Path: "banner", State: degrade.Missing, Reason: degrade.ReasonTimeout},
		degrade.Marker{Path: "offers[*]", State: degrade.Missing, Reason: degrade.ReasonCircuitOpen, Keys: []string{"lamp"}, Count: 8, Total: 10},
	))
	return &pb.GetPageResponse{Greeting: "Hello, " + req.GetName() + "!", Offers: []string{"chair", "table"}}, nil
}

// GetBanner returns a banner that is a minute old.
func (pages) GetBanner(ctx context.Context, _ *pb.GetBannerRequest) (*pb.GetBannerResponse, error) {
	degrade.Add(ctx, degrade.NewReport(
		degrade.Marker{Path: "text", State: degrade.Stale, Reason: degrade.ReasonUnavailable, Age: time.Minute},
	))
	return &pb.GetBannerResponse{Text: "Welcome"}, nil
}
