package connect_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	connectv2 "connectrpc.com/connect/v2"
	"google.golang.org/grpc/codes"

	guarded "github.com/afloat-go/afloat/examples/connect"
	"github.com/afloat-go/afloat/examples/languages"
	pb "github.com/afloat-go/afloat/examples/languages/proto/pages/v1"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// guard is a breaker that opens after three failures.
func guard(t *testing.T) *policy.Chain {
	t.Helper()
	circuit, err := breaker.New(breaker.Config{ConsecutiveFailures: 3})
	if err != nil {
		t.Fatal(err)
	}
	chain, err := policy.NewChain([]policy.Policy{circuit})
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

// pages serves pages until the test ends, and returns a guarded client.
func pages[Req, Resp any](t *testing.T, method string) *connect.Client[Req, Resp] {
	t.Helper()
	server, err := languages.NewServer()
	if err != nil {
		t.Fatal(err)
	}
	lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(lis) }()
	t.Cleanup(server.Stop)
	var http2 http.Protocols
	http2.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: &http2}}
	t.Cleanup(client.CloseIdleConnections)
	return connect.NewClient[Req, Resp](client, "http://"+lis.Addr().String()+method,
		connect.WithGRPC(), connect.WithInterceptors(guarded.Guard(guard(t))))
}

// Markers are read wherever they are.
func TestMarkers(t *testing.T) {
	t.Parallel()
	page, err := pages[pb.GetPageRequest, pb.GetPageResponse](t, pb.PageService_GetPage_FullMethodName).
		CallUnary(t.Context(), connect.NewRequest(&pb.GetPageRequest{Name: "gopher"}))
	if err != nil {
		t.Fatal(err)
	}
	report := guarded.ReportOf(page)
	if report.State("banner") != degrade.Missing || report.State("greeting") != degrade.Intact || report.Element("offers", "lamp") != degrade.Missing {
		t.Errorf("the message says %v", report)
	}
	banner, err := pages[pb.GetBannerRequest, pb.GetBannerResponse](t, pb.PageService_GetBanner_FullMethodName).
		CallUnary(t.Context(), connect.NewRequest(&pb.GetBannerRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	if report := guarded.ReportOf(banner); report.State("text") != degrade.Stale || report.Age("text").Seconds() != 60 {
		t.Errorf("the trailer says %v", report)
	}
}

// Errors say why, and when to try again.
func TestErrors(t *testing.T) {
	t.Parallel()
	client := pages[pb.GetBannerRequest, pb.GetBannerResponse](t, pb.PageService_GetBanner_FullMethodName)
	ask := func() error {
		_, err := client.CallUnary(t.Context(), connect.NewRequest(&pb.GetBannerRequest{}))
		return err
	}
	_ = ask()
	if err := ask(); policy.ReasonOf(err) != policy.ReasonRateLimited || policy.Classify(err) != policy.Shed || policy.Code(err) != codes.ResourceExhausted {
		t.Errorf("%v is for the reason %q, and %v", err, policy.ReasonOf(err), policy.Classify(err))
	}
	req := connect.NewRequest(&pb.GetPageRequest{})
	req.Header().Set(degrade.RequireKey, "fields=banner")
	_, err := pages[pb.GetPageRequest, pb.GetPageResponse](t, pb.PageService_GetPage_FullMethodName).CallUnary(t.Context(), req)
	if policy.ReasonOf(err) != policy.ReasonIncomplete || degrade.FromError(err).State("banner") != degrade.Missing {
		t.Errorf("%v says %v; want that the banner is missing", err, degrade.FromError(err))
	}
}

// Bug: twelve answers that there is no such thing opened a circuit.
func TestAnswersOpenNoCircuit(t *testing.T) {
	t.Parallel()
	gone, down := errors.New("no such order"), errors.New("down")
	for version, tt := range map[string]struct{ gone, down error }{
		"1": {connect.NewError(connect.CodeNotFound, gone), connect.NewError(connect.CodeUnavailable, down)},
		"2": {connectv2.NewError(connectv2.CodeNotFound, gone.Error()), connectv2.NewError(connectv2.CodeUnavailable, down.Error())},
	} {
		chain := guard(t)
		ask := func(answer error) error {
			_, err := policy.DoChain(t.Context(), chain, "/shop.Orders/Get", func(context.Context) (int, error) { return 0, answer })
			return err
		}
		for range 12 {
			if err := ask(tt.gone); !errors.Is(err, tt.gone) || policy.Code(err) != codes.NotFound {
				t.Fatalf("version %s: %v, %v; want what the server says", version, err, policy.Code(err))
			}
		}
		for range 3 {
			_ = ask(tt.down)
		}
		if err := ask(nil); !errors.Is(err, breaker.ErrOpen) {
			t.Errorf("version %s: %v; want a refusal after failures", version, err)
		}
	}
}
