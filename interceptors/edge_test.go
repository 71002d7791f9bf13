package interceptors_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// shapes are the methods of the rig, one of each shape.
var shapes = []string{rpctest.Unary, rpctest.ClientStream, rpctest.ServerStream, rpctest.BidiStream}

// hosted runs the rig's service with the given options until the test ends, and
// returns a connection to it.
func hosted(t *testing.T, r rpctest.Rig, opts []grpc.ServerOption, dial ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	if opts == nil { // the rig's unary method needs an interceptor
		opts = []grpc.ServerOption{grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
			return h(ctx, req)
		})}
	}
	server := grpc.NewServer(append(opts, grpc.WaitForHandlers(true))...)
	server.RegisterService(r.Desc(), r)
	return rpctest.Serve(t, server, "hosted", dial...)
}

// failing is a rig of which every call fails with what fail returns.
func failing(fail func(ctx context.Context) error) rpctest.Rig {
	return rpctest.Rig{Unary: fail, Stream: func(s grpc.ServerStream) error { return fail(s.Context()) }}
}

// seen is all that a client of gRPC alone sees of a call.
type seen struct {
	status          *status.Status
	header, trailer metadata.MD
	messages        int
}

// spy makes a call and reads all of the answer.
func spy(ctx context.Context, t *testing.T, cc *grpc.ClientConn, method string) seen {
	t.Helper()
	s, err := cc.NewStream(ctx, rpctest.DescOf(method), method)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SendMsg(rpctest.Message()); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	_ = s.CloseSend() // if it fails, so does RecvMsg
	return read(s)
}

// spySilently makes a call, sends nothing on it, and reads all of the answer.
func spySilently(ctx context.Context, t *testing.T, cc *grpc.ClientConn, method string) seen {
	t.Helper()
	s, err := cc.NewStream(ctx, rpctest.DescOf(method), method)
	if err != nil {
		t.Fatal(err)
	}
	return read(s)
}

// read reads all of the answer to a call.
func read(s grpc.ClientStream) seen {
	var err error
	var got seen
	for err == nil {
		if err = s.RecvMsg(rpctest.Message()); err == nil {
			got.messages++
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	got.status, got.trailer = status.Convert(err), s.Trailer()
	got.header, _ = s.Header()
	return got
}

// String dumps everything.
func (s seen) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %q", s.status.Code(), s.status.Message())
	for _, d := range s.status.Proto().GetDetails() {
		fmt.Fprintf(&b, "\ndetail %s", prototext.Format(d))
	}
	fmt.Fprintf(&b, "\nheader %q\ntrailer %q", s.header, s.trailer)
	return b.String()
}

// edges are the servers that must not leak.
var edges = map[string]interceptors.ServerOption{"edge": interceptors.WithEdge(), "silent": interceptors.WithSilence()}

// forbidden is what no stranger may see of these tests.
var forbidden = []string{"secret", "127.0.0.1", "rig.v1.Rig", "breaker", "bulkhead", "afloat", "fanout", "fallback", "policy", "degrade:"}

// wantFixed checks that the spy sees a code, its fixed text, perhaps gRPC's pushback, and
// a RetryInfo, if that is wanted, and nothing else.
func wantFixed(t *testing.T, got seen, code codes.Code, retry bool) {
	t.Helper()
	dump := got.String()
	for _, leak := range forbidden {
		if strings.Contains(dump, leak) {
			t.Errorf("%q leaked:\n%s", leak, dump)
		}
	}
	details := got.status.Details()
	_, isRetry := append(details, nil)[0].(*errdetails.RetryInfo)
	if got.status.Code() != code || isRetry != retry || len(details) > 1 || !retry && len(details) > 0 {
		t.Errorf("sent:\n%s\nwant %v, RetryInfo %v", dump, code, retry)
	}
	for key := range metadata.Join(got.header, got.trailer) {
		if !slices.Contains([]string{"content-type", "grpc-retry-pushback-ms"}, key) && (key != "grpc-status-details-bin" || !retry) {
			t.Errorf("%s was sent:\n%s", key, dump)
		}
	}
}

// withDetails returns a status with an error's details.
func withDetails(t *testing.T, code codes.Code, text string, details ...protoadapt.MessageV1) error {
	t.Helper()
	s, err := status.New(code, text).WithDetails(details...)
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

// guardedConn returns a connection to a service of which every call fails with err,
// under the given policies.
func guardedConn(t *testing.T, fail func(context.Context) error, policies ...policy.Policy) *grpc.ClientConn {
	t.Helper()
	return hosted(t, failing(fail), nil, interceptors.DialOptions(rpctest.One{Chain: rpctest.ChainOf(t, policies...)})...)
}

// closedPort returns a connection to a port of the loopback where nobody listens.
func closedPort(t *testing.T) *grpc.ClientConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	cc, err := grpc.NewClient(l.Addr().String(), append(interceptors.DialOptions(rpctest.One{}),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

// streamed returns the error of a bidirectional stream, wherever it comes up.
func streamed(ctx context.Context, cc *grpc.ClientConn, opts ...grpc.CallOption) error {
	s, err := cc.NewStream(ctx, rpctest.DescOf(rpctest.BidiStream), rpctest.BidiStream, opts...)
	if err != nil {
		return err
	}
	return s.RecvMsg(rpctest.Message())
}

// open returns a breaker that refuses every call.
func openBreaker(t *testing.T) policy.Policy {
	t.Helper()
	b, err := breaker.New(breaker.Config{Mode: breaker.AlwaysOpen})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fromBelow returns the ways in which something that a handler does may fail.
func fromBelow(t *testing.T) map[string]func(context.Context) error {
	t.Helper()
	debug := &errdetails.DebugInfo{Detail: "secret host"}
	answer := withDetails(t, codes.NotFound, "secret row", debug)
	internal := withDetails(t, codes.Internal, "secret disk", debug)
	refused := withDetails(t, codes.InvalidArgument, "secret peer", &errdetails.ErrorInfo{Domain: policy.Domain, Reason: "CIRCUIT_OPEN"})
	fails := func(err error) func(context.Context) error { return func(context.Context) error { return err } }
	hang := guardedConn(t, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	absent, broken, peers := guardedConn(t, fails(answer)), guardedConn(t, fails(internal)), guardedConn(t, fails(refused))
	cut, port := guardedConn(t, fails(answer), openBreaker(t)), closedPort(t)
	raw := hosted(t, failing(fails(refused)), nil) // no interceptors of ours
	none := openBreaker(t)
	never := func(context.Context) error { return nil }
	chain, err := fallback.New("secret chain",
		fallback.To("call", func(ctx context.Context, _ int) (int, error) { return 0, rpctest.Invoke(ctx, broken) }),
		fallback.To("other", func(context.Context, int) (int, error) { return 0, errors.New("secret cache") }))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := fanout.NewPlan("secret plan", fanout.Required("name",
		func(context.Context, int) (int, error) { return 0, answer }, func(*int, int) {}))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func(context.Context) error{
		"an answer":           func(ctx context.Context) error { return rpctest.Invoke(ctx, absent) },
		"a failure":           func(ctx context.Context) error { return rpctest.Invoke(ctx, broken) },
		"a peer's peer":       func(ctx context.Context) error { return rpctest.Invoke(ctx, peers) },
		"a peer's peer, raw":  func(ctx context.Context) error { return rpctest.Invoke(ctx, raw) },
		"an open circuit":     func(ctx context.Context) error { return rpctest.Invoke(ctx, cut) },
		"nobody listens":      func(ctx context.Context) error { return rpctest.Invoke(ctx, port) },
		"no guard, by choice": func(ctx context.Context) error { return rpctest.Invoke(ctx, absent, policy.Skip()) },
		"a stream":            func(ctx context.Context) error { return streamed(ctx, absent) },
		"a stream, refused":   func(ctx context.Context) error { return streamed(ctx, cut) },
		"a stream, unguarded": func(ctx context.Context) error { return streamed(ctx, absent, policy.Skip()) },
		"a stream, no host":   func(ctx context.Context) error { return streamed(ctx, port) },
		"a function":          func(ctx context.Context) error { return policy.Run(ctx, closedBreaker(t), "secret", fails(answer)) },
		"a function, plain": func(ctx context.Context) error {
			return policy.Run(ctx, closedBreaker(t), "secret", fails(errors.New("secret db")))
		},
		"a function, refused": func(ctx context.Context) error { return policy.Run(ctx, none, "secret", never) },
		"a chain":             func(ctx context.Context) error { _, err := chain.Do(ctx, 1); return err },
		"a plan":              func(ctx context.Context) error { _, err := plan.Gather(ctx, 1, new(int)); return err },
		"a deadline": func(ctx context.Context) error {
			short, cancel := context.WithTimeout(ctx, time.Millisecond)
			defer cancel()
			return rpctest.Invoke(short, hang)
		},
	}
}

// closedBreaker returns a breaker that admits calls.
func closedBreaker(t *testing.T) policy.Policy {
	t.Helper()
	b, err := breaker.New(breaker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// passing are the ways in which handlers pass an error on.
var passing = map[string]func(error) error{
	"as it is":              func(err error) error { return err },
	"wrapped":               func(err error) error { return fmt.Errorf("secret handler: %w", err) },
	"joined":                func(err error) error { return errors.Join(status.Error(codes.NotFound, "secret own"), err) },
	"converted":             func(err error) error { return status.Convert(err).Err() },
	"from error":            func(err error) error { s, _ := status.FromError(err); return s.Err() },
	"converted and wrapped": func(err error) error { return fmt.Errorf("secret handler: %w", status.Convert(err).Err()) },
	"wrapped and converted": func(err error) error { return status.Convert(fmt.Errorf("secret handler: %w", err)).Err() },
	"text with a new code":  func(err error) error { return status.Error(codes.FailedPrecondition, status.Convert(err).Message()) },
	"text of the error":     func(err error) error { return status.Error(codes.NotFound, err.Error()) },
}

// Whatever comes from below, and however the handler passes it on: strangers get its
// code and a fixed text.
func TestEdgeShowsNothingFromBelow(t *testing.T) {
	t.Parallel()
	var fail func(context.Context) error
	rig := failing(func(ctx context.Context) error { return fail(ctx) })
	servers := map[string]*grpc.ClientConn{}
	for name, opt := range edges {
		servers[name] = hosted(t, rig, interceptors.ServerOptions(rpctest.One{}, opt))
	}
	plain := hosted(t, rig, interceptors.ServerOptions(rpctest.One{}))
	for what, happens := range fromBelow(t) { //nolint:paralleltest // they share one handler
		for how, passed := range passing {
			if what == "a peer's peer, raw" && strings.HasPrefix(how, "text") {
				continue // documented: of a call without our interceptors only what is afloat's is recognised
			}
			var code codes.Code
			fail = func(ctx context.Context) error {
				err := passed(happens(ctx))
				code = policy.Code(err)
				return err
			}
			for _, method := range shapes {
				for name, cc := range servers {
					t.Run(strings.Join([]string{what, how, name, method}, ", "), func(t *testing.T) {
						got := spy(t.Context(), t, cc, method)
						wantFixed(t, got, code, false)
					})
				}
			}
			// Without an edge it all arrives.
			if got := spy(t.Context(), t, plain, rpctest.Unary); what != "a deadline" && !slices.ContainsFunc(forbidden, func(leak string) bool {
				return strings.Contains(got.String(), leak)
			}) {
				t.Errorf("%s, %s: inside nothing is to be seen:\n%s", what, how, got)
			}
		}
	}
}

// A handler's own errors keep their text and details with the public codes; of others
// the code and a RetryInfo remain.
func TestEdgeShowsOwnErrorsWithPublicCodes(t *testing.T) {
	t.Parallel()
	retry := &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)}
	retry.ProtoReflect().SetUnknown([]byte("\xfa\x01\x06secret")) // what else is in it must not leave
	public := []codes.Code{
		codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition,
		codes.OutOfRange, codes.PermissionDenied, codes.Unauthenticated,
	}
	below := guardedConn(t, func(context.Context) error { return status.Error(codes.NotFound, "below") })
	var fails error
	rig := failing(func(ctx context.Context) error {
		if err := rpctest.Invoke(ctx, below); status.Code(err) != codes.NotFound {
			t.Error(err)
		}
		return fails
	})
	for name, opt := range edges {
		for list, public := range map[string][]codes.Code{"default": public, "own": {codes.Aborted, codes.Unavailable}, "none": {}} {
			opts := []interceptors.ServerOption{opt}
			if list != "default" {
				opts = []interceptors.ServerOption{interceptors.WithPublicCodes(public...), opt}
			}
			cc := hosted(t, rig, interceptors.ServerOptions(rpctest.One{}, opts...))
			for code := codes.Code(1); code <= 17; code++ {
				sent := codes.Code(2)
				if code <= 16 {
					sent = code
				}
				fails = withDetails(t, code, "the secret text", retry, &errdetails.DebugInfo{Detail: "of mine"})
				for _, method := range shapes {
					got := spy(t.Context(), t, cc, method)
					if !slices.Contains(public, code) {
						wantFixed(t, got, sent, true)
					} else if want := status.Convert(fails); got.status.String() != want.String() || len(got.status.Details()) != 2 {
						t.Errorf("%s, %s, %v: sent:\n%s\nwant %v", name, list, code, got, want)
					}
				}
			}
			for err, code := range map[error]codes.Code{
				errors.New("secret"):                           codes.Unknown,
				context.Canceled:                               codes.Canceled,
				fmt.Errorf("secret: %w", context.Canceled):     codes.Canceled,
				context.DeadlineExceeded:                       codes.DeadlineExceeded,
				status.FromContextError(io.EOF).Err():          codes.Unknown,
				&policy.PanicError{Value: "secret"}:            codes.Internal,
				&policy.Rejection{Kind: "secret", Err: io.EOF}: codes.Unavailable,
			} {
				fails = err
				wantFixed(t, spy(t.Context(), t, cc, rpctest.Unary), code, false)
				wantFixed(t, spy(t.Context(), t, cc, rpctest.BidiStream), code, false)
			}
		}
	}
}

// What a server's own policies refuse or end says neither which policy did nor why.
func TestEdgeShowsNothingOfItsOwnGuard(t *testing.T) {
	t.Parallel()
	must := func(p policy.Policy, err error) policy.Policy {
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	waits := failing(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	waits.Stream = func(s grpc.ServerStream) error {
		_ = s.RecvMsg(rpctest.Message())
		<-s.Context().Done()
		return s.Context().Err()
	}
	spent := func() policy.Policy {
		p := must(ratelimit.New(ratelimit.Config{PerSecond: 0.001, Burst: 1}))
		_ = policy.Run(t.Context(), p, "first", func(context.Context) error { return nil })
		return p
	}
	full := func() policy.Policy {
		p := must(bulkhead.New(bulkhead.Config{MaxConcurrent: 1}))
		if _, err := p.Acquire(t.Context(), &policy.Call{}); err != nil { // never given back
			t.Fatal(err)
		}
		return p
	}
	for what, tt := range map[string]struct { //nolint:paralleltest // they are quick, and servers are not
		make   func() policy.Policy
		code   codes.Code
		retry  bool
		shapes []string
	}{
		"breaker":   {func() policy.Policy { return openBreaker(t) }, codes.Unavailable, false, shapes},
		"bulkhead":  {full, codes.ResourceExhausted, false, shapes},
		"ratelimit": {spent, codes.ResourceExhausted, true, shapes},
		"fault": {func() policy.Policy {
			return must(fault.New(fault.Config{Abort: codes.NotFound, AbortShare: 1, Message: "secret"}))
		}, codes.NotFound, false, shapes},
		"deadline": {func() policy.Policy {
			return must(timeout.New(timeout.Config{Max: time.Millisecond}))
		}, codes.DeadlineExceeded, false, shapes[:1]},
		"total": {func() policy.Policy {
			return must(timeout.New(timeout.Config{Total: time.Millisecond}))
		}, codes.DeadlineExceeded, false, shapes[1:]},
		"idle": {func() policy.Policy {
			return must(timeout.New(timeout.Config{Idle: time.Millisecond}))
		}, codes.DeadlineExceeded, false, []string{rpctest.ClientStream, rpctest.BidiStream}}, // on which the handler waits
		"first message": {func() policy.Policy {
			return must(timeout.New(timeout.Config{FirstMessage: time.Millisecond}))
		}, codes.DeadlineExceeded, false, shapes[2:]},
	} {
		call := spy
		if what == "idle" {
			call = spySilently
		}
		for name, opt := range edges {
			cc := hosted(t, waits, interceptors.ServerOptions(rpctest.One{Chain: rpctest.ChainOf(t, tt.make())}, opt))
			for _, method := range tt.shapes {
				t.Run(strings.Join([]string{what, name, method}, ", "), func(t *testing.T) {
					wantFixed(t, call(t.Context(), t, cc, method), tt.code, tt.retry)
				})
			}
		}
		inside := hosted(t, waits, interceptors.ServerOptions(rpctest.One{Chain: rpctest.ChainOf(t, tt.make())}))
		if got := call(t.Context(), t, inside, tt.shapes[0]); what != "deadline" && len(got.status.Details()) == 0 {
			t.Errorf("%s: inside nothing is to be seen:\n%s", what, got)
		}
	}
}

// A handler that copies what its calls received to its own callers copies nothing of
// afloat's, and no details of errors.
func TestEdgeSendsNoMetadataFromBelow(t *testing.T) { //nolint:gocyclo // flat, but for its checks
	t.Parallel()
	inner := hosted(t, failing(func(ctx context.Context) error {
		_ = degrade.Mark(ctx, "value", degrade.Missing, degrade.ReasonError)
		_ = grpc.SetTrailer(ctx, metadata.Pairs("mine", "passes"))
		return nil
	}), interceptors.ServerOptions(rpctest.One{}))
	broken := hosted(t, failing(func(context.Context) error {
		return withDetails(t, codes.NotFound, "secret", &errdetails.DebugInfo{Detail: "secret"})
	}), nil)
	copied := func(ctx context.Context) error {
		var header, trailer, details metadata.MD
		if err := rpctest.Invoke(degrade.Unused(ctx), inner, grpc.Header(&header), grpc.Trailer(&trailer)); err != nil {
			t.Error(err)
		}
		if len(header[degrade.SummaryKey]) == 0 || len(trailer[degrade.TrailerKey]) == 0 {
			t.Errorf("nothing to copy: %v, %v", header, trailer)
		}
		if err := rpctest.Invoke(ctx, broken, grpc.Trailer(&details)); len(details["grpc-status-details-bin"]) == 0 {
			t.Errorf("no details to copy: %v, %v", details, err)
		}
		return errors.Join(
			grpc.SetHeader(ctx, header),
			grpc.SetTrailer(ctx, metadata.Join(trailer, details, metadata.Pairs("AFLOAT-degraded", "1"))),
		)
	}
	for name, opt := range edges {
		for _, fails := range []error{nil, status.Error(codes.NotFound, "own")} {
			cc := hosted(t, failing(func(ctx context.Context) error { return errors.Join(copied(ctx), fails) }),
				interceptors.ServerOptions(rpctest.One{}, opt))
			for _, method := range shapes[:1] {
				got := spy(t.Context(), t, cc, method)
				for key, values := range metadata.Join(got.header, got.trailer) {
					own := name == "edge" && fails == nil && key == degrade.SummaryKey && slices.Equal(values, []string{"0"})
					if strings.HasPrefix(key, "afloat") && !own || key == "grpc-status-details-bin" {
						t.Errorf("%s, %v, %s: %s = %q was sent", name, fails, method, key, values)
					}
				}
				if !slices.Equal(got.trailer["mine"], []string{"passes"}) {
					t.Errorf("%s: trailer = %v; want the handler's own", name, got.trailer)
				}
			}
		}
	}
}

// Bad codes are a fault that every call tells of, at an edge too.
func TestEdgeRejectsBadOptions(t *testing.T) {
	t.Parallel()
	for want, tt := range map[string]struct {
		rules policy.Resolver
		opts  []interceptors.ServerOption
	}{
		"degrade: public code = 0 (OK); must be from 1 to 16":                        {rpctest.One{}, []interceptors.ServerOption{interceptors.WithEdge(), interceptors.WithPublicCodes(codes.OK)}},
		"degrade: public code = 17 (Code(17)); must be from 1 to 16":                 {rpctest.One{}, []interceptors.ServerOption{interceptors.WithPublicCodes(codes.NotFound, 17), interceptors.WithSilence()}},
		"degrade: public codes = set; must be unset without WithEdge or WithSilence": {rpctest.One{}, []interceptors.ServerOption{interceptors.WithPublicCodes(codes.NotFound)}},
		"interceptors: resolver = nil; must be rules, as from interceptors.Default":  {nil, []interceptors.ServerOption{interceptors.WithEdge()}},
	} {
		cc := hosted(t, rpctest.Rig{}, interceptors.ServerOptions(tt.rules, tt.opts...))
		for _, method := range shapes {
			if got := spy(t.Context(), t, cc, method); got.status.Code() != codes.Internal || got.status.Message() != want {
				t.Errorf("%s: %s\nwant %s", method, got, want)
			}
		}
	}
}

// A panic of a handler goes through an edge to whoever recovers it.
func TestEdgeLeavesPanicsAlone(t *testing.T) {
	t.Parallel()
	recovers := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (resp any, err error) {
		defer func() { err = status.Errorf(codes.Internal, "recovered %v", recover()) }()
		return h(ctx, req)
	}
	opts := append([]grpc.ServerOption{grpc.UnaryInterceptor(recovers)}, interceptors.ServerOptions(rpctest.One{}, interceptors.WithEdge())...)
	cc := hosted(t, failing(func(context.Context) error { panic("a bug") }), opts)
	if got := spy(t.Context(), t, cc, rpctest.Unary); got.status.Message() != "recovered a bug" {
		t.Errorf("%s", got)
	}
}
