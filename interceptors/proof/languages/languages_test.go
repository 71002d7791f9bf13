package languages_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/afloat-go/afloat/interceptors/proof/trial"
)

func dial(t *testing.T, s *server, g *trial.Guard) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("127.0.0.1:"+s.port, append(g.DialOptions(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: 5 * time.Second}))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func newGuard(t *testing.T, kind trial.Kind) *trial.Guard {
	t.Helper()
	g, err := trial.New(kind)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// ask has the server do something, in a time.
func ask(ctx context.Context, conn *grpc.ClientConn, what string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return conn.Invoke(ctx, "/peer.Peer/Unary", wrapperspb.String(what), &wrapperspb.StringValue{}, grpc.WaitForReady(true))
}

// TestCodes has each code answered with details, and compares what callers get with the guard
// and without it: all of it is the same.
func TestCodes(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, l, 0)
			bare, guarded := dial(t, s, newGuard(t, trial.Bare)), dial(t, s, newGuard(t, trial.BuiltIn))
			for code := codes.OK; code <= codes.Unauthenticated; code++ {
				what := "well"
				if code != codes.OK {
					st, err := status.New(code, "as told").WithDetails(&errdetails.ErrorInfo{Reason: "TOLD", Domain: "peer"})
					if err != nil {
						t.Fatal(err)
					}
					encoded, err := proto.Marshal(st.Proto())
					if err != nil {
						t.Fatal(err)
					}
					what = fmt.Sprintf("code %d %s", code, base64.StdEncoding.EncodeToString(encoded))
				}
				for range 2 {
					want, got := status.Convert(ask(t.Context(), bare, what, time.Minute)), status.Convert(ask(t.Context(), guarded, what, time.Minute))
					if !proto.Equal(got.Proto(), want.Proto()) || got.Code() != code {
						t.Errorf("%v: with the guard %v, without it %v; want the same", code, got.Proto(), want.Proto())
					}
				}
			}
		})
	}
}

// failures are the codes of which enough open a circuit; CANCELLED is one while the caller waits.
var failures = []codes.Code{codes.Canceled, codes.Unknown, codes.DeadlineExceeded, codes.Internal, codes.Unavailable, codes.DataLoss}

func TestCodesThatOpen(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, l, 0)
			for code := codes.OK + 1; code <= codes.Unauthenticated; code++ {
				g := newGuard(t, trial.BuiltIn)
				conn := dial(t, s, g)
				for range 40 {
					_ = ask(t.Context(), conn, fmt.Sprint("code ", int(code)), time.Minute)
				}
				if opened := len(g.Opened()) > 0; opened != slices.Contains(failures, code) {
					t.Errorf("40 times %v opened: %q", code, g.Opened())
				}
				trial.NothingHeld(t, g)
			}
		})
	}
}

// TestHang has a server that takes calls and says nothing: a circuit opens, and what it refuses
// is answered once the server is well.
func TestHang(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, trial.BuiltIn)
			conn := dial(t, serve(t, l, 0), g)
			var all sync.WaitGroup
			for range 40 {
				all.Go(func() { _ = ask(t.Context(), conn, "hang", 500*time.Millisecond) })
			}
			all.Wait()
			for range 40 {
				if len(g.Opened()) == 0 {
					_ = ask(t.Context(), conn, "hang", 100*time.Millisecond)
				}
			}
			if len(g.Opened()) == 0 {
				t.Error("no circuit opened after 80 calls that hung")
			}
			awaitAnswer(t, conn)
			trial.NothingHeld(t, g)
		})
	}
}

// awaitAnswer asks until the server answers.
func awaitAnswer(t *testing.T, conn *grpc.ClientConn) {
	t.Helper()
	limit := time.Now().Add(30 * time.Second)
	for ask(t.Context(), conn, "well", 5*time.Second) != nil {
		if time.Now().After(limit) {
			t.Fatal("no answer for 30 s")
		}
		trial.Wait(50 * time.Millisecond)
	}
}

// TestConnectionAge has ten quiet watches on connections that end every half a second, and calls
// beside them.
func TestConnectionAge(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, trial.BuiltIn)
			s := serve(t, l, 500)
			conn := dial(t, s, g)
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
			defer cancel()
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() {
					for ctx.Err() == nil {
						watch(ctx, conn)
						trial.Wait(20 * time.Millisecond) // as clients wait before they try again
					}
				})
			}
			for ctx.Err() == nil {
				_ = ask(t.Context(), conn, "well", time.Minute)
				trial.Wait(50 * time.Millisecond)
			}
			all.Wait()
			trial.Untouched(t, g)
		})
	}
}

// watch watches until the server ends it.
func watch(ctx context.Context, conn *grpc.ClientConn) {
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/peer.Peer/Watch", grpc.WaitForReady(true))
	if err == nil {
		err = stream.SendMsg(wrapperspb.String("all"))
	}
	for err == nil {
		err = stream.RecvMsg(&wrapperspb.StringValue{})
	}
}

// TestForcedShutdown shuts the server down in the middle of calls and watches, and starts it
// again: what is lost is what nobody could have answered.
func TestForcedShutdown(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, trial.BuiltIn)
			s := serve(t, l, 0)
			conn := dial(t, s, g)
			awaitAnswer(t, conn)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var all sync.WaitGroup
			for range 30 {
				all.Go(func() { watch(ctx, conn) })
			}
			trial.Wait(time.Second)
			s.stop()
			all.Wait() // every watch has ended
			s.start(t)
			awaitAnswer(t, conn)
			for _, opened := range g.Opened() {
				if strings.Contains(opened, "Watch") {
					t.Errorf("30 watches that one shutdown ended opened %s", opened)
				}
			}
			trial.NothingHeld(t, g)
		})
	}
}
