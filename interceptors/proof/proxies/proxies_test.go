package proxies_test

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/afloat-go/afloat/interceptors/proof/trial"
)

// serve runs the server behind the proxies: Told fails with details and metadata, Slow and Watch
// are silent until their caller goes, and all else is answered.
func serve(t *testing.T, address string) (stop func()) {
	t.Helper()
	lis, err := (&net.ListenConfig{}).Listen(context.WithoutCancel(t.Context()), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
		if err := s.RecvMsg(&emptypb.Empty{}); err != nil {
			return err
		}
		switch method, _ := grpc.MethodFromServerStream(s); method {
		case "/peer.Peer/Told":
			s.SetTrailer(metadata.Pairs("a-trailer", "t", "a-trailer-bin", "\x00\xff"))
			if err := s.SendHeader(metadata.Pairs("a-header", "h", "a-header-bin", "\x00\xff")); err != nil {
				return err
			}
			st, err := status.New(codes.FailedPrecondition, "as told: ä").WithDetails(&errdetails.ErrorInfo{Reason: "TOLD", Domain: "peer"})
			if err != nil {
				return err
			}
			return st.Err()
		case "/peer.Peer/Watch":
			if err := s.SendHeader(nil); err != nil {
				return err
			}
			<-s.Context().Done()
			return status.FromContextError(s.Context().Err()).Err()
		case "/peer.Peer/Slow":
			<-s.Context().Done()
			return status.FromContextError(s.Context().Err()).Err()
		}
		return s.SendMsg(&emptypb.Empty{})
	}))
	go func() { _ = s.Serve(lis) }()
	return s.Stop
}

func newGuard(t *testing.T, kind trial.Kind) *trial.Guard {
	t.Helper()
	g, err := trial.New(kind)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func dial(t *testing.T, address string, g *trial.Guard) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(address, append(g.DialOptions(), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func ask(t *testing.T, conn *grpc.ClientConn, method string, opts ...grpc.CallOption) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return conn.Invoke(ctx, "/peer.Peer/"+method, &emptypb.Empty{}, &emptypb.Empty{}, opts...)
}

// each runs a test for each proxy, in front of a server of its own.
func each(t *testing.T, test func(t *testing.T, proxy, upstream string, stop func())) {
	t.Helper()
	for _, p := range proxies() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			upstream := trial.FreeAddress(t)
			stop := serve(t, upstream)
			t.Cleanup(stop)
			test(t, p.start(t, upstream), upstream, stop)
		})
	}
}

// TestWhatArrives compares what a caller gets through a proxy with the guard and without it.
func TestWhatArrives(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, proxy, _ string, _ func()) {
		t.Helper()
		type arrived struct {
			header, trailer metadata.MD
			status          *status.Status
		}
		arrives := func(kind trial.Kind) (a arrived) {
			err := ask(t, dial(t, proxy, newGuard(t, kind)), "Told", grpc.Header(&a.header), grpc.Trailer(&a.trailer))
			a.status = status.Convert(err)
			return a
		}
		bare, guarded := arrives(trial.Bare), arrives(trial.BuiltIn)
		if guarded.status.Code() != codes.FailedPrecondition || !proto.Equal(guarded.status.Proto(), bare.status.Proto()) || len(guarded.status.Details()) != 1 {
			t.Errorf("with the guard %v; without it %v", guarded.status.Proto(), bare.status.Proto())
		}
		for _, a := range []arrived{bare, guarded} {
			for key, want := range map[string]string{"a-header": "h", "a-header-bin": "\x00\xff"} {
				if !slices.Equal(a.header.Get(key), []string{want}) {
					t.Errorf("%s = %q; want %q", key, a.header.Get(key), want)
				}
			}
			for key, want := range map[string]string{"a-trailer": "t", "a-trailer-bin": "\x00\xff"} {
				if !slices.Equal(a.trailer.Get(key), []string{want}) {
					t.Errorf("%s = %q; want %q", key, a.trailer.Get(key), want)
				}
			}
		}
	})
}

// TestServerGone takes the server away behind the proxy, which answers for it. The circuit opens,
// and closes when the server is back.
func TestServerGone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, proxy, upstream string, stop func()) {
		t.Helper()
		g := newGuard(t, trial.BuiltIn)
		conn := dial(t, proxy, g)
		for range 20 {
			if err := ask(t, conn, "Get"); err != nil {
				t.Fatal(err)
			}
		}
		stop()
		for range 100 {
			if len(g.Opened()) == 0 && ask(t, conn, "Get") == nil {
				t.Fatal("nobody answered, and there is an answer")
			}
		}
		if len(g.Opened()) == 0 {
			t.Error("no circuit opened")
		}
		t.Cleanup(serve(t, upstream))
		limit := time.Now().Add(30 * time.Second)
		for ask(t, conn, "Get") != nil {
			if time.Now().After(limit) {
				t.Fatal("no answer for 30 s after the server's return")
			}
			trial.Wait(50 * time.Millisecond)
		}
		trial.NothingHeld(t, g)
	})
}

// TestServerSlow has a server that is slower than the proxy waits: who calls it gets an error,
// and a circuit opens.
func TestServerSlow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, proxy, _ string, _ func()) {
		t.Helper()
		g := newGuard(t, trial.BuiltIn)
		conn := dial(t, proxy, g)
		for range 3 {
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if err := ask(t, conn, "Slow"); err == nil {
						t.Error("a call that nobody answers has an answer")
					}
				})
			}
			all.Wait()
		}
		if len(g.Opened()) == 0 {
			t.Error("60 calls that nobody answered opened no circuit")
		}
		trial.NothingHeld(t, g)
	})
}

// TestLimited has a proxy that limits rates. That is no failure of the server.
func TestLimited(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, proxy, _ string, _ func()) {
		t.Helper()
		g := newGuard(t, trial.BuiltIn)
		conn := dial(t, proxy, g)
		for range 100 {
			if code := status.Code(ask(t, conn, "Limited")); code != codes.Unavailable {
				t.Fatalf("429 arrives as %v; want UNAVAILABLE", code)
			}
		}
		trial.Untouched(t, g)
	})
}

// TestSilentStreams has ten watches that nothing happens on, and that the proxy cuts off each
// second. They are opened anew, and nothing is refused.
func TestSilentStreams(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, proxy, _ string, _ func()) {
		t.Helper()
		g := newGuard(t, trial.BuiltIn)
		conn := dial(t, proxy, g)
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for ctx.Err() == nil {
					stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/peer.Peer/Watch")
					if err == nil {
						err = stream.SendMsg(&emptypb.Empty{})
					}
					if err == nil {
						err = stream.CloseSend()
					}
					for err == nil {
						err = stream.RecvMsg(&emptypb.Empty{})
					}
					trial.Wait(50 * time.Millisecond)
				}
			})
		}
		all.Wait()
		trial.Untouched(t, g)
	})
}
