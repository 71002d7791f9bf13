package interceptors_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
)

// bare is a server that speaks HTTP/2 and no more: for each request it sends a header, if
// it has one, and a while later resets the stream, if it has a code for that.
type bare struct {
	header [][2]string
	ends   bool // the header is all there is
	after  time.Duration
	reset  *http2.ErrCode
}

// dialed returns a client's end of a connection to the server.
func (b bare) dialed(context.Context, string) (net.Conn, error) {
	client, server := net.Pipe()
	go b.serve(server)
	return client, nil
}

// serve answers requests until the client hangs up.
func (b bare) serve(conn net.Conn) {
	defer conn.Close()
	if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	var writing sync.Mutex
	f := http2.NewFramer(conn, conn)
	write := func(w func() error) {
		writing.Lock()
		defer writing.Unlock()
		_ = w()
	}
	go write(func() error { return f.WriteSettings() })
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				go write(f.WriteSettingsAck)
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				go write(func() error { return f.WritePing(true, frame.Data) })
			}
		case *http2.HeadersFrame:
			go b.answer(f, frame.StreamID, write)
		}
	}
}

// answer answers one request.
func (b bare) answer(f *http2.Framer, id uint32, write func(func() error)) {
	if b.header != nil {
		write(func() error {
			var block bytes.Buffer
			e := hpack.NewEncoder(&block)
			for _, field := range b.header {
				_ = e.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
			}
			return f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: b.ends})
		})
	}
	if b.reset != nil {
		time.Sleep(b.after)
		write(func() error { return f.WriteRSTStream(id, *b.reset) })
	}
}

var (
	greeting = [][2]string{{":status", "200"}, {"content-type", "application/grpc"}}
	noError  = http2.ErrCodeNo
	internal = http2.ErrCodeInternal
	cancel   = http2.ErrCodeCancel
)

// by returns a rig whose client talks to a bare server.
func by(b bare) rpctest.Rig {
	return rpctest.Rig{Outer: []grpc.DialOption{grpc.WithContextDialer(b.dialed)}}
}

// watch reads a stream of the method to its end.
func watch(method string, d time.Duration) func(context.Context, *grpc.ClientConn) error {
	return func(ctx context.Context, cc *grpc.ClientConn) error {
		if d > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, d)
			defer cancel()
		}
		s, err := cc.NewStream(ctx, rpctest.DescOf(method), method)
		if err != nil {
			return err
		}
		return toEnd(s)
	}
}

// upload sends until the stream ends.
func upload(ctx context.Context, cc *grpc.ClientConn) error {
	s, err := cc.NewStream(ctx, rpctest.DescOf(rpctest.ClientStream), rpctest.ClientStream)
	for err == nil {
		if err = s.SendMsg(rpctest.Message()); err == nil {
			time.Sleep(time.Millisecond)
		}
	}
	if s != nil {
		err = s.RecvMsg(rpctest.Message())
	}
	return err
}

// reads is a server that reads what it gets and says nothing.
func reads(s grpc.ServerStream) error {
	for {
		if err := s.RecvMsg(rpctest.Message()); err != nil {
			return err
		}
	}
}

// after is a server that does one thing and ends with an error a while later.
func after(d time.Duration, err error, first func(grpc.ServerStream) error) func(grpc.ServerStream) error {
	return func(s grpc.ServerStream) error {
		if err := first(s); err != nil {
			return err
		}
		select {
		case <-time.After(d):
			return err
		case <-s.Context().Done():
			return s.Context().Err()
		}
	}
}

// What a server shows of life before its first message.
func greets(s grpc.ServerStream) error   { return s.SendHeader(metadata.Pairs("x", "y")) }
func delivers(s grpc.ServerStream) error { return s.SendMsg(rpctest.Message()) }
func silent(grpc.ServerStream) error     { return nil }

// streamEnds are ways in which streams end.
func streamEnds() []saysOf {
	age := grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: 300 * time.Millisecond, MaxConnectionAgeGrace: 100 * time.Millisecond})
	down := status.Error(codes.Unavailable, "down")
	return []saysOf{
		{"upload at connection age", rpctest.Rig{Stream: reads, ServerOptions: []grpc.ServerOption{age}}, upload, 12, false},
		{"chat at connection age", rpctest.Rig{Stream: rpctest.Echo, ServerOptions: []grpc.ServerOption{age}}, watch(rpctest.BidiStream, 0), 12, false},
		{"quiet watch at connection age", rpctest.Rig{Stream: after(time.Hour, down, silent), ServerOptions: []grpc.ServerOption{age}}, watch(rpctest.ServerStream, 0), 12, false},
		{"upload that ends at once", rpctest.Rig{Stream: after(5*time.Millisecond, down, silent)}, upload, 30, true},
		{"watch that ends at once", rpctest.Rig{Stream: after(5*time.Millisecond, down, greets)}, watch(rpctest.ServerStream, 0), 30, true},
		{"watch that lived", rpctest.Rig{Stream: after(200*time.Millisecond, down, delivers)}, watch(rpctest.ServerStream, 0), 30, false},
		{"quiet watch that lived", rpctest.Rig{Stream: after(200*time.Millisecond, down, greets)}, watch(rpctest.BidiStream, 0), 30, false},
		{"watch that lived, and an error of its handler", rpctest.Rig{Stream: after(200*time.Millisecond, status.Error(codes.Internal, "bug"), delivers)}, watch(rpctest.ServerStream, 0), 30, true},
		{"deadline on a watch that delivered", rpctest.Rig{Stream: after(time.Hour, nil, delivers)}, watch(rpctest.ServerStream, 50*time.Millisecond), 30, false},
		{"deadline on a quiet watch", rpctest.Rig{Stream: after(time.Hour, nil, greets)}, watch(rpctest.BidiStream, 50*time.Millisecond), 30, false},
		{"deadline on a watch that shows nothing", rpctest.Rig{Stream: after(time.Hour, nil, silent)}, watch(rpctest.ServerStream, 50*time.Millisecond), 30, true},
		{"server that says nothing at all", by(bare{}), watch(rpctest.BidiStream, 50*time.Millisecond), 30, true},
		{"deadline in the past", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			ctx, cancel := context.WithTimeout(ctx, -time.Second)
			defer cancel()
			return watch(rpctest.BidiStream, 0)(ctx, cc)
		}, 30, false},
		{"cancelled by the server", rpctest.Rig{Stream: after(time.Millisecond, status.Error(codes.Canceled, "shutting down"), silent)}, watch(rpctest.ServerStream, 0), 30, true},
		{"reset at connection age as by grpc-js", by(bare{greeting, false, 200 * time.Millisecond, &noError}), watch(rpctest.BidiStream, 0), 30, false},
		{"cut by a proxy that waited for long", by(bare{greeting, false, 200 * time.Millisecond, &internal}), watch(rpctest.ServerStream, 0), 30, false},
		{"forced shutdown as by grpc-js", by(bare{greeting, false, 200 * time.Millisecond, &cancel}), watch(rpctest.ServerStream, 0), 30, false},
		{"reset at once, no error", by(bare{greeting, false, time.Millisecond, &noError}), watch(rpctest.BidiStream, 0), 30, true},
		{"reset at once, internal", by(bare{greeting, false, time.Millisecond, &internal}), watch(rpctest.ServerStream, 0), 30, true},
		{"reset at once, cancelled", by(bare{greeting, false, time.Millisecond, &cancel}), watch(rpctest.ServerStream, 0), 30, true},
		{"no token for a caller", rpctest.Rig{}, func(ctx context.Context, cc *grpc.ClientConn) error {
			_, err := cc.NewStream(ctx, rpctest.DescOf(rpctest.BidiStream), rpctest.BidiStream, grpc.PerRPCCredentials(tokens{down}))
			return err
		}, 30, false},
		{"an interceptor of the caller's own", rpctest.Rig{Inner: []grpc.DialOption{grpc.WithChainStreamInterceptor(
			func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, grpc.Streamer, ...grpc.CallOption) (grpc.ClientStream, error) {
				return nil, errors.New("no session")
			})}}, watch(rpctest.BidiStream, 0), 30, false},
		{"connection refused", rpctest.Rig{Outer: []grpc.DialOption{refused()}}, watch(rpctest.ServerStream, 0), 30, true},
	}
}

// What the end of a stream tells of the dependency, over a real connection. StreamGrace is
// 100 ms.
func TestWhatStreamsTell(t *testing.T) {
	t.Parallel()
	testTold(t, streamEnds())
}

// proxyEnds are ways in which calls through proxies end.
func proxyEnds() []saysOf {
	answer := func(fields ...[2]string) rpctest.Rig { return by(bare{header: fields, ends: true}) }
	unavailable := [][2]string{{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "14"}}
	invoke := func(ctx context.Context, cc *grpc.ClientConn) error { return within(ctx, cc, time.Second) }
	return []saysOf{
		{"429", answer([2]string{":status", "429"}, [2]string{"content-type", "text/html"}), invoke, 100, false},
		{"503", answer([2]string{":status", "503"}, [2]string{"content-type", "text/html"}), invoke, 30, true},
		{"Envoy is overloaded", answer(append(unavailable, [2]string{"x-envoy-overloaded", "true"})...), invoke, 100, false},
		{"Envoy limits the rate", answer(append(unavailable, [2]string{"x-envoy-ratelimited", "true"})...), invoke, 100, false},
		{"Envoy has no healthy upstream", answer(unavailable...), invoke, 30, true},
	}
}

// What proxies say instead of the dependency.
func TestWhatProxiesTell(t *testing.T) {
	t.Parallel()
	testTold(t, proxyEnds())
}

// Calls that fail because one connection broke are one failure, however many they are and
// whatever they are.
func TestOneBrokenConnectionIsOneFailure(t *testing.T) {
	t.Parallel()
	for _, shape := range []string{rpctest.Unary, rpctest.BidiStream} {
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, chain := guardedBy(t)
				var conns []net.Conn
				cc := rpctest.Rig{Client: chain, Outer: []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
					conn, err := bare{}.dialed(ctx, "")
					conns = append(conns, conn)
					return conn, err
				})}}.Start(t)
				call := func() error { return watch(shape, 0)(t.Context(), cc) }
				if shape == rpctest.Unary {
					call = func() error { return rpctest.Invoke(t.Context(), cc) }
				}
				for range 3 {
					var all sync.WaitGroup
					for range 50 {
						all.Go(func() { _ = call() })
					}
					synctest.Wait()
					time.Sleep(time.Second)
					_ = conns[len(conns)-1].Close()
					all.Wait()
					time.Sleep(time.Second)
				}
				if b.State() != breaker.Closed || b.Snapshot().ConsecutiveFailures != 3 {
					t.Errorf("state = %v, %d failures; want closed, 3", b.State(), b.Snapshot().ConsecutiveFailures)
				}
			})
		})
	}
}
