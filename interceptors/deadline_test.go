package interceptors_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/fault"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// tiers is a service that makes its profile by a plan, a chain and a call, each with
// five fallbacks, of a service below.
type tiers struct {
	testv1.UnimplementedTierServiceServer

	chain *fallback.Chain[*testv1.GetProfileRequest, string]
	plan  *fanout.Plan[*testv1.GetProfileRequest, *testv1.GetProfileResponse]
	below testv1.TierServiceClient
	// left is what the handler had left of the caller's time.
	left chan time.Duration
}

func (s *tiers) GetProfile(ctx context.Context, req *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	deadline, _ := ctx.Deadline()
	s.left <- time.Until(deadline)
	resp := new(testv1.GetProfileResponse)
	if _, err := s.plan.Gather(ctx, req, resp); err != nil {
		return nil, err
	}
	answer, err := s.chain.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	resp.Avatar = answer.Value
	plain, err := s.below.GetPlain(ctx, &testv1.GetPlainRequest{})
	if err != nil {
		return nil, err
	}
	resp.Parent = &testv1.GetProfileResponse{Name: plain.GetText()}
	return resp, nil
}

func (s *tiers) GetPlain(context.Context, *testv1.GetPlainRequest) (*testv1.GetPlainResponse, error) {
	return &testv1.GetPlainResponse{Text: "primary"}, nil
}

// fiveAfter returns fallbacks that must not be needed.
func fiveAfter[In, T any](value T) []fallback.Step[In, T] {
	var steps []fallback.Step[In, T]
	for i := range 5 {
		steps = append(steps, fallback.To("fallback "+strconv.Itoa(i), func(context.Context, In) (T, error) { return value, nil }))
	}
	return steps
}

// primary is what should answer, if it has the time.
func primary(ctx context.Context, _ *testv1.GetProfileRequest) (string, error) {
	return "primary", ctx.Err()
}

// watchful returns rules of everything that looks at deadlines. A timeout of a server
// would take the caller's deadline from the handler.
func watchful(t *testing.T, templates ...rules.Template) *rules.Rules {
	t.Helper()
	r, err := rules.New([]rules.Rule{{Match: "*", Policies: append(
		templates,
		breaker.Each(breaker.Config{MinDeadline: time.Millisecond}),
		bulkhead.Each(bulkhead.Config{MaxConcurrent: 8, MaxQueue: 8, MaxWait: time.Hour}),
		ratelimit.Each(ratelimit.Config{PerSecond: 1000, MaxWait: time.Hour}),
		fault.Each(fault.Config{Delay: time.Microsecond, DelayShare: 1}),
	)}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// listen serves the tiers on a loopback address. They call themselves as the service
// below.
func (s *tiers) listen(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.prepare(t, listener.Addr().String(), watchful(t, timeout.Each(timeout.Config{Max: 24 * time.Hour})))
	server := grpc.NewServer(interceptors.ServerOptions(watchful(t))...)
	testv1.RegisterTierServiceServer(server, s)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// prepare makes what the handler uses.
func (s *tiers) prepare(t *testing.T, target string, guards *rules.Rules) {
	t.Helper()
	type get = *testv1.GetProfileRequest
	chain, err := fallback.New("avatar", append(
		[]fallback.Step[get, string]{fallback.To("primary", primary)}, fiveAfter[get]("fallback")...)...)
	plan, planErr := fanout.NewPlan("GetProfile", fanout.Required("name", primary,
		func(p *testv1.GetProfileResponse, name string) { p.Name = name }).Else(fiveAfter[get]("fallback")...))
	plain := fallback.For[*testv1.GetPlainRequest, *testv1.GetPlainResponse](testv1.TierService_GetPlain_FullMethodName)
	methods, methodsErr := fallback.NewMethods(target,
		plain.Else(fiveAfter[*testv1.GetPlainRequest](&testv1.GetPlainResponse{Text: "fallback"})...))
	cc, dialErr := grpc.NewClient(target, append(interceptors.DialOptions(guards, interceptors.WithFallbacks(methods)),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err := errors.Join(err, planErr, methodsErr, dialErr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	s.chain, s.plan, s.below, s.left = chain, plan, testv1.NewTierServiceClient(cc), make(chan time.Duration, 1)
}

// post calls GetProfile as a client that sends whatever it likes as grpc-timeout, and
// returns the status. gRPC's own client sends no more than eight digits that it made.
func post(t *testing.T, target, timeout string) (code codes.Code, profile []byte) {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"http://"+target+testv1.TierService_GetProfile_FullMethodName, bytes.NewReader(make([]byte, 5)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "Grpc-Timeout": {timeout}}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	said := resp.Trailer.Get("Grpc-Status") + resp.Header.Get("Grpc-Status")
	number, err := strconv.ParseUint(said, 10, 32)
	if err != nil {
		t.Fatalf("grpc-status = %q", said)
	}
	return codes.Code(number), body
}

// Whatever a client sends as its deadline, the primaries answer if there is time, and the
// call is over if there is none.
func TestDeadlinesFromTheWire(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	for timeout, left := range map[string]time.Duration{ // at least; 0: none
		"99999999H": 290 * year,
		"2562048H":  290 * year, // an hour more than a duration can hold
		"2562047H":  290 * year,
		"99999999M": 190 * year,
		"99999999S": 3 * year,
		"60S":       time.Second,
		"1n":        0,
		"0n":        0,
		"0H":        0,
	} {
		t.Run(timeout, func(t *testing.T) {
			t.Parallel()
			s := new(tiers)
			code, body := post(t, s.listen(t), timeout)
			if left == 0 {
				if code != codes.DeadlineExceeded {
					t.Errorf("status %v; want it over", code)
				}
				return
			}
			if n := bytes.Count(body, []byte("primary")); code != codes.OK || n != 3 || bytes.Contains(body, []byte("fallback")) {
				t.Errorf("status %v, %q; want all three from their primaries", code, body)
			}
			if got := <-s.left; got < left {
				t.Errorf("the handler had %v; want %v at least", got, left)
			}
		})
	}
}

// The same where the deadline is that of a context.
func TestFarDeadlinesOfContexts(t *testing.T) {
	t.Parallel()
	s := new(tiers)
	s.listen(t)
	for name, deadline := range map[string]time.Time{
		"the longest duration": time.Now().Add(math.MaxInt64),
		"beyond it":            time.Now().AddDate(7000, 0, 0),
		"an hour":              time.Now().Add(time.Hour),
	} {
		ctx, cancel := context.WithDeadline(t.Context(), deadline)
		var report degrade.Report
		plain, err := s.below.GetPlain(ctx, &testv1.GetPlainRequest{}, degrade.Capture(&report))
		if err != nil || plain.GetText() != "primary" || !report.Complete() {
			t.Errorf("%s: %v, %v, complete %v; want the primary's", name, plain, err, report.Complete())
		}
		resp, err := s.GetProfile(ctx, &testv1.GetProfileRequest{})
		<-s.left
		if err != nil || resp.GetName() != "primary" || resp.GetAvatar() != "primary" || resp.GetParent().GetName() != "primary" {
			t.Errorf("%s: %v, %v; want all three from their primaries", name, resp, err)
		}
		cancel()
	}
	past, cancel := context.WithDeadline(t.Context(), time.Now().AddDate(-1900, 0, 0))
	defer cancel()
	if _, err := s.below.GetPlain(past, &testv1.GetPlainRequest{}); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a deadline centuries ago: %v", err)
	}
}
