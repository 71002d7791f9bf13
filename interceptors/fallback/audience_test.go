package fallback_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/fallback"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// account answers each caller with what is its own, until it is down.
type account struct {
	testv1.UnimplementedTierServiceServer

	name string
	down bool // only changed between calls
}

func (a *account) GetProfile(ctx context.Context, _ *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	if a.down {
		return nil, errDown
	}
	incoming, _ := metadata.FromIncomingContext(ctx)
	return &testv1.GetProfileResponse{Name: a.name + " of " + strings.Join(incoming.Get("authorization"), "|")}, nil
}

// listen serves the account on a loopback address until the test ends.
func (a *account) listen(tb testing.TB) string {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	server := grpc.NewServer()
	testv1.RegisterTierServiceServer(server, a)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	tb.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			tb.Error(err)
		}
	})
	return listener.Addr().String()
}

// accountsAt connects to a target with the fallbacks.
func accountsAt(tb testing.TB, target string, fallbacks *fallback.Methods, opts ...interceptors.ClientOption) testv1.TierServiceClient {
	tb.Helper()
	rules, err := interceptors.Default()
	if err != nil {
		tb.Fatal(err)
	}
	cc, err := grpc.NewClient(target, append(interceptors.DialOptions(rules, append(opts, interceptors.WithFallbacks(fallbacks))...),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = cc.Close() })
	return testv1.NewTierServiceClient(cc)
}

// as is the context of calls with these credentials.
func as(tb testing.TB, credentials ...string) context.Context {
	tb.Helper()
	ctx := tb.Context()
	for _, c := range credentials {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", c)
	}
	return ctx
}

// answered returns whose profile a call is answered with, "" if it fails.
func answered(ctx context.Context, tb testing.TB, c testv1.TierServiceClient) string {
	tb.Helper()
	resp, _ := ask(ctx, tb, c, "me")
	return resp.GetName()
}

// byMethod makes the fallbacks of GetProfile for connections to the target.
func byMethod(tb testing.TB, target string, kept *fallback.Store, audience fallback.Audience) *fallback.Methods {
	tb.Helper()
	all, err := fallback.NewMethods(target, method().Else(method().LastGood(kept, audience)))
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// Two users make the same request on one connection. Neither is ever given what the
// other was answered, unless the program says that it is the same for all.
func TestNoUserGetsAnothersAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		audience  fallback.Audience
		ada, bob  string
		strangers string
		kept      int
	}{
		"key by caller": {fallback.KeyBy(callerOf), "profile of ada", "", "", 1},
		"same for all":  {fallback.SameForAll(), "profile of ada", "profile of ada", "profile of ada", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, kept := &account{name: "profile"}, store(t, fallback.StoreConfig{})
			target := server.listen(t)
			c := accountsAt(t, target, byMethod(t, target, kept, tt.audience))
			if got := answered(as(t, "ada"), t, c); got != "profile of ada" {
				t.Fatalf("ada got %q", got)
			}
			server.down = true
			for range 2 {
				if got := answered(as(t, "bob"), t, c); got != tt.bob {
					t.Errorf("bob got %q; want %q", got, tt.bob)
				}
				if got := answered(as(t, "ada"), t, c); got != tt.ada {
					t.Errorf("ada got %q; want %q", got, tt.ada)
				}
				if got := answered(as(t), t, c); got != tt.strangers {
					t.Errorf("nobody in particular got %q; want %q", got, tt.strangers)
				}
				if got := answered(as(t, "ada", "bob"), t, c); got != tt.strangers {
					t.Errorf("who says to be both got %q; want %q", got, tt.strangers)
				}
			}
			if kept.Len() != tt.kept {
				t.Errorf("%d responses kept; want %d", kept.Len(), tt.kept)
			}
		})
	}
}

// Both are served again once each has an answer of its own.
func TestEachUserGetsTheirOwn(t *testing.T) {
	t.Parallel()
	server, kept := &account{name: "profile"}, store(t, fallback.StoreConfig{})
	target := server.listen(t)
	c := accountsAt(t, target, byMethod(t, target, kept, fallback.KeyBy(callerOf)))
	users := []string{"ada", "bob", "a", "ab"}
	for _, u := range users {
		answered(as(t, u), t, c)
	}
	server.down = true
	for _, u := range users {
		if got := answered(as(t, u), t, c); got != "profile of "+u {
			t.Errorf("%q got %q", u, got)
		}
	}
	if kept.Len() != len(users) {
		t.Errorf("%d responses kept; want %d", kept.Len(), len(users))
	}
}

// A call whose key is not known is neither kept nor answered with what was kept.
func TestCallsWithoutAKey(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]func(context.Context, proto.Message) (string, bool){
		"not known": func(context.Context, proto.Message) (string, bool) { return "anybody", false },
		"empty":     func(context.Context, proto.Message) (string, bool) { return "", true },
		"panics":    func(context.Context, proto.Message) (string, bool) { panic("no") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, kept := &account{name: "profile"}, store(t, fallback.StoreConfig{})
			target := server.listen(t)
			all := accountsAt(t, target, byMethod(t, target, kept, fallback.SameForAll()))
			c := accountsAt(t, target, byMethod(t, target, kept, fallback.KeyBy(key)))
			if got := answered(as(t, "ada"), t, c); got != "profile of ada" || kept.Len() != 0 {
				t.Fatalf("ada got %q, %d responses kept; want the answer, and none kept", got, kept.Len())
			}
			answered(as(t, "ada"), t, all)
			server.down = true
			if _, err := c.GetProfile(as(t, "ada"), &testv1.GetProfileRequest{Id: "me"}); err == nil {
				t.Error("what was kept for all is given to a call without a key")
			}
			if got := answered(as(t, "bob"), t, all); got != "profile of ada" {
				t.Errorf("same for all: got %q", got)
			}
		})
	}
}

// Servers that share a store, and even the fallbacks, are not given each other's
// responses, however alike the requests are.
func TestServersThatShareAStore(t *testing.T) {
	t.Parallel()
	one, other, kept := &account{name: "one"}, &account{name: "other"}, store(t, fallback.StoreConfig{})
	target := one.listen(t)
	shared := byMethod(t, target, kept, fallback.SameForAll())
	first, second := accountsAt(t, target, shared), accountsAt(t, other.listen(t), shared)
	answered(as(t, "ada"), t, first)
	one.down, other.down = true, true
	if got := answered(as(t, "ada"), t, second); got != "" {
		t.Errorf("another server's calls are answered with %q", got)
	}
	if got := answered(as(t, "ada"), t, first); got != "one of ada" {
		t.Errorf("its own are answered with %q", got)
	}
}

// The parts of a key cannot be shifted from one to the next: what one caller puts into
// its key or its request never makes the key of another's.
func TestKeysOfManyPartsAreApart(t *testing.T) {
	t.Parallel()
	kept := store(t, fallback.StoreConfig{})
	type caller struct{}
	audience := fallback.KeyBy(func(ctx context.Context, _ proto.Message) (string, bool) {
		key, known := ctx.Value(caller{}).(string)
		return key, known
	})
	parts := []string{"a", "aa", "\x01a", "a\x01", "\x01", "\n\x01a", "a\n\x01a", "\x00", "\x02\n\x01"}
	down := false
	invoke := func(ctx context.Context, _ string, req, reply any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
		if down {
			return errDown
		}
		key, _ := ctx.Value(caller{}).(string)
		in, isReq := req.(*testv1.GetProfileRequest)
		out, isResp := reply.(*testv1.GetProfileResponse)
		if !isReq || !isResp {
			t.Errorf("messages = %T, %T", req, reply)
		}
		out.Name = key + "/" + in.GetId()
		return nil
	}
	unary := byMethod(t, "passthrough:///main", kept, audience).UnaryClientInterceptor()
	call := func(key, id string) string {
		var reply testv1.GetProfileResponse
		_ = unary(context.WithValue(t.Context(), caller{}, key), testv1.TierService_GetProfile_FullMethodName,
			&testv1.GetProfileRequest{Id: id}, &reply, nil, invoke)
		return reply.GetName()
	}
	for _, key := range parts {
		for _, id := range parts {
			call(key, id)
		}
	}
	down = true
	for _, key := range parts {
		for _, id := range parts {
			if got, want := call(key, id), key+"/"+id; got != want {
				t.Errorf("%q asking for %q got %q", key, id, got)
			}
		}
	}
	if want := len(parts) * len(parts); kept.Len() != want {
		t.Errorf("%d responses kept; want %d", kept.Len(), want)
	}
}

// Connections to one target whose names differ are never given each other's answers.
func TestNoConnectionGetsAnothersAnswer(t *testing.T) {
	t.Parallel()
	server, kept := &account{name: "profile"}, store(t, fallback.StoreConfig{})
	target := server.listen(t)
	methods := byMethod(t, target, kept, fallback.SameForAll())
	eu, us := interceptors.WithConnectionName("eu"), interceptors.WithConnectionName("us")
	if got := answered(as(t, "eu"), t, accountsAt(t, target, methods, eu)); got != "profile of eu" {
		t.Fatalf("eu got %q", got)
	}
	server.down = true
	for name, tt := range map[string]struct {
		opts []interceptors.ClientOption
		want string
	}{
		"the same name": {[]interceptors.ClientOption{eu}, "profile of eu"},
		"another name":  {[]interceptors.ClientOption{us}, ""},
		"no name":       {nil, ""},
	} {
		if got := answered(as(t, "me"), t, accountsAt(t, target, methods, tt.opts...)); got != tt.want {
			t.Errorf("%s: got %q; want %q", name, got, tt.want)
		}
	}
}

// A connection with a name may stand in for another to the same target, which is told
// apart by the name in the target of the fallbacks.
func TestConnectionStandsInForItsTwin(t *testing.T) {
	t.Parallel()
	main, other := &account{name: "main", down: true}, &account{name: "other"}
	at := main.listen(t)
	cc, err := grpc.NewClient(at, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", other.listen(t))
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	if _, err := fallback.NewMethods(at, method().Else(method().Conn("twin", cc))); err == nil {
		t.Error("without a name the twin is the target itself, and is taken")
	}
	methods, err := fallback.NewMethods(policy.NamedTarget(at, "eu"), method().Else(method().Conn("twin", cc)))
	if err != nil {
		t.Fatal(err)
	}
	if got := answered(as(t, "me"), t, accountsAt(t, at, methods, interceptors.WithConnectionName("eu"))); got != "other of me" {
		t.Errorf("got %q", got)
	}
}
