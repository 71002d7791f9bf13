package backend_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/examples/shop/backend"
	"github.com/afloat-go/afloat/examples/shop/backend/store"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// verdict is a policy that answers every call with one error, or with none.
type verdict struct{ err error }

func (v verdict) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, v.err
}

// serve starts a backend and returns a connection to it.
func serve(t *testing.T, service backend.Service, cfg backend.Config) (*backend.Server, *grpc.ClientConn) {
	t.Helper()
	server, err := backend.New(service, cfg)
	if err != nil {
		t.Fatal(err)
	}
	lis := bufconn.Listen(1 << 16)
	served := make(chan error, 1)
	go func() { served <- server.Serve(lis) }()
	cc, err := grpc.NewClient("passthrough:///backend",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := cc.Close()
		server.Stop()
		if err := errors.Join(err, <-served); err != nil {
			t.Error(err)
		}
	})
	return server, cc
}

// data opens the sample data.
func data(t *testing.T) *store.Store {
	t.Helper()
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestUsers(t *testing.T) {
	t.Parallel()
	server, cc := serve(t, backend.Users(data(t)), backend.Config{Under: verdict{}})
	users := shopv1.NewUserServiceClient(cc)
	got, err := users.GetUser(t.Context(), &shopv1.GetUserRequest{UserId: "user-0002"})
	if err != nil || got.GetUser().GetTeam() != "Team B" {
		t.Errorf("user = %v, error %v; want one of Team B", got, err)
	}
	_, err = users.GetUser(t.Context(), &shopv1.GetUserRequest{UserId: "nobody"})
	if status.Code(err) != codes.NotFound {
		t.Errorf("error = %v; want NOT_FOUND", err)
	}
	if n := server.Arrived(); n != 2 {
		t.Errorf("%d calls arrived; want 2", n)
	}
}

func TestActivityIsStreamed(t *testing.T) {
	t.Parallel()
	_, cc := serve(t, backend.Activity(data(t)), backend.Config{Under: verdict{}})
	for _, c := range []struct {
		limit   int32
		entries int
		code    codes.Code
	}{{0, 10, codes.OK}, {3, 3, codes.OK}, {100, 20, codes.OK}, {-1, 0, codes.InvalidArgument}, {101, 0, codes.InvalidArgument}} {
		stream, err := shopv1.NewActivityServiceClient(cc).TailActivity(
			t.Context(), &shopv1.TailActivityRequest{UserId: "user-0001", Limit: c.limit})
		entries := -1
		for ; err == nil; entries++ {
			_, err = stream.Recv()
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if entries != c.entries || status.Code(err) != c.code {
			t.Errorf("limit %d: %d entries, error %v; want %d and %v", c.limit, entries, err, c.entries, c.code)
		}
	}
}

// What an injected fault answers has arrived all the same.
func TestCallsAreCountedBeforeTheFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		service func(*store.Store) backend.Service
		ask     func(*grpc.ClientConn) error
	}{
		{"unary", backend.Alerts, func(cc *grpc.ClientConn) error {
			_, err := shopv1.NewAlertsServiceClient(cc).ListAlerts(t.Context(), &shopv1.ListAlertsRequest{})
			return err
		}},
		{"stream", backend.Activity, func(cc *grpc.ClientConn) error {
			stream, err := shopv1.NewActivityServiceClient(cc).TailActivity(t.Context(), &shopv1.TailActivityRequest{})
			if err != nil {
				return err
			}
			_, err = stream.Recv()
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server, cc := serve(t, c.service(data(t)), backend.Config{Under: verdict{status.Error(codes.Aborted, "scripted")}})
			if err := c.ask(cc); status.Code(err) != codes.Aborted {
				t.Errorf("error = %v; want ABORTED", err)
			}
			if n := server.Arrived(); n != 1 {
				t.Errorf("%d calls arrived; want 1", n)
			}
		})
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	_, cc := serve(t, backend.History(data(t)), backend.Config{Under: verdict{}})
	for user, want := range map[string]int{"user-0001": 5, "user-0010": 0, "nobody": 0} {
		got, err := shopv1.NewHistoryServiceClient(cc).ListViewed(t.Context(), &shopv1.ListViewedRequest{UserId: user})
		if err != nil || len(got.GetProducts()) != want {
			t.Errorf("%s looked at %v, %v; want %d products", user, got.GetProducts(), err, want)
		}
	}
}

func TestNoPolicy(t *testing.T) {
	t.Parallel()
	if _, err := backend.New(backend.Users(nil), backend.Config{}); err == nil || !strings.HasPrefix(err.Error(), "backend: ") {
		t.Errorf("error = %v", err)
	}
}
