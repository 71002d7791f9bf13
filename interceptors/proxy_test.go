package interceptors_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// frame is a message of any type, as a proxy has it.
type frame struct{ data []byte }

// frames passes messages through as they are.
type frames struct{}

func (frames) Name() string { return "proto" }

func (frames) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.(*frame).data)}, nil //nolint:errcheck,forcetypeassert // it is forced where there are no others
}

func (frames) Unmarshal(data mem.BufferSlice, v any) error {
	v.(*frame).data = data.Materialize() //nolint:errcheck,forcetypeassert // as above
	return nil
}

var _ encoding.CodecV2 = frames{}

// proxy forwards every method as a stream in both directions, as transparent proxies do.
type proxy struct{ backend *grpc.ClientConn }

func (p proxy) forward(_ any, from grpc.ServerStream) error {
	ctx, cancel := context.WithCancel(from.Context())
	defer cancel()
	method, _ := grpc.MethodFromServerStream(from)
	to, err := p.backend.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method, grpc.ForceCodecV2(frames{}))
	if err != nil {
		return err
	}
	go func() {
		for {
			var m frame
			if err := from.RecvMsg(&m); errors.Is(err, io.EOF) {
				_ = to.CloseSend()
				return
			} else if err != nil {
				cancel()
				return
			}
			if to.SendMsg(&m) != nil {
				return
			}
		}
	}()
	for {
		var m frame
		if err := to.RecvMsg(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := from.SendMsg(&m); err != nil {
			return err
		}
	}
}

// proxied starts a backend, a proxy guarded by the rules on both sides, and a client of
// the proxy that has gRPC alone. Empty rules guard nothing.
func proxied(t *testing.T, rig rpctest.Rig, client, server policy.Resolver, shapes interceptors.ShapeOption) *grpc.ClientConn {
	t.Helper()
	var in []interceptors.ServerOption
	var out []interceptors.ClientOption
	if shapes != nil {
		in, out = append(in, shapes), append(out, shapes)
	}
	backend := hosted(t, rig, nil, interceptors.DialOptions(client, out...)...)
	opts := append(interceptors.ServerOptions(server, in...), grpc.UnknownServiceHandler(proxy{backend}.forward), grpc.ForceServerCodecV2(frames{}))
	return rpctest.Serve(t, grpc.NewServer(opts...), "proxy")
}

// rigShapes declares the methods of the rig.
func rigShapes(method string) (policy.Shape, bool) {
	shape, ok := map[string]policy.Shape{
		rpctest.Unary: policy.Unary, rpctest.ClientStream: policy.ClientStream,
		rpctest.ServerStream: policy.ServerStream, rpctest.BidiStream: policy.BidiStream,
	}[method]
	return shape, ok
}

// noting is a resolver of a policy that notes the calls it is asked about.
type noting struct {
	chain *policy.Chain

	mu    sync.Mutex
	calls []string
}

func newNoting(t *testing.T) *noting {
	t.Helper()
	n := &noting{}
	n.chain = rpctest.ChainOf(t, n)
	return n
}

func (n *noting) Resolve(*policy.Call) *policy.Chain { return n.chain }

func (n *noting) Acquire(_ context.Context, call *policy.Call) (policy.Permit, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, fmt.Sprintf("%s %v unregistered=%v", call.Side, call.Shape, call.Unregistered))
	return policy.Permit{}, nil
}

func (n *noting) heard() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.calls, "; ")
}

// Through a proxy, policies on both sides see the shape that was declared for a method,
// and without a declaration an unregistered stream in both directions.
func TestShapesThroughAProxy(t *testing.T) {
	t.Parallel()
	const made = "/made.up/Method"
	for _, tt := range []struct {
		name, method, want string
		shapes             interceptors.ShapeOption
	}{
		{"unary", rpctest.Unary, "server unary unregistered=false; client unary unregistered=false", interceptors.WithShapes(rigShapes)},
		{"client stream", rpctest.ClientStream, "server client_stream unregistered=false; client client_stream unregistered=false", interceptors.WithShapes(rigShapes)},
		{"server stream", rpctest.ServerStream, "server server_stream unregistered=false; client server_stream unregistered=false", interceptors.WithShapes(rigShapes)},
		{"both", rpctest.BidiStream, "server bidi_stream unregistered=false; client bidi_stream unregistered=false", interceptors.WithShapes(rigShapes)},
		{"not declared", made, "server bidi_stream unregistered=true; client bidi_stream unregistered=false", interceptors.WithShapes(rigShapes)},
		{"without shapes", rpctest.Unary, "server bidi_stream unregistered=true; client bidi_stream unregistered=false", nil},
		{"no function", rpctest.Unary, "server bidi_stream unregistered=true; client bidi_stream unregistered=false", interceptors.WithShapes(nil)},
		{"no shape", rpctest.Unary, "server bidi_stream unregistered=true; client bidi_stream unregistered=false", interceptors.WithShapes(func(string) (policy.Shape, bool) { return 9, true })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := newNoting(t)
				cc := proxied(t, rpctest.Rig{}, n, n, tt.shapes)
				err := cc.Invoke(t.Context(), tt.method, rpctest.Message(), rpctest.Message())
				if (tt.method == made) != (status.Code(err) == codes.Unimplemented) {
					t.Errorf("err = %v", err)
				}
				if got := n.heard(); got != tt.want {
					t.Errorf("heard %q; want %q", got, tt.want)
				}
			})
		})
	}
}

// A name that is longer than any rule's is not asked for.
func TestShapesOfLongNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNoting(t)
		var asked atomic.Int64
		shapes := interceptors.WithShapes(func(string) (policy.Shape, bool) { asked.Add(1); return policy.Unary, true })
		cc := proxied(t, rpctest.Rig{}, n, n, shapes)
		method := "/a" + strings.Repeat(".b", rules.MaxMethodBytes/2) + "/C"
		_ = cc.Invoke(t.Context(), method, rpctest.Message(), rpctest.Message())
		if asked.Load() != 0 || !strings.HasPrefix(n.heard(), "server bidi_stream unregistered=true") {
			t.Errorf("asked %d times, heard %q", asked.Load(), n.heard())
		}
	})
}

// Descriptors declare the methods of their services, and nothing else.
func TestShapesInDescriptors(t *testing.T) {
	t.Parallel()
	_ = testv1.File_afloat_test_v1_tiers_proto
	of := interceptors.ShapesIn(protoregistry.GlobalFiles)
	for method, want := range map[string]policy.Shape{
		testv1.TierService_GetProfile_FullMethodName:    policy.Unary,
		testv1.TierService_WatchProfiles_FullMethodName: policy.ServerStream,
		testv1.TierService_UploadNames_FullMethodName:   policy.ClientStream,
		testv1.TierService_Chat_FullMethodName:          policy.BidiStream,
	} {
		if got, ok := of(method); !ok || got != want {
			t.Errorf("%s: %v, %v; want %v", method, got, ok, want)
		}
	}
	for _, method := range []string{
		"", "/", "//", "afloat", "/afloat.test.v1.TierService", "/afloat.test.v1.TierService/", "/afloat.test.v1.TierService/Nothing",
		"/afloat.test.v1.TierService/GetProfile/", "/afloat.test.v1.GetProfileRequest/GetProfile", "/afloat.test.v1.Nothing/GetProfile",
	} {
		if got, ok := of(method); ok {
			t.Errorf("%q is declared as %v", method, got)
		}
	}
	if _, ok := interceptors.ShapesIn(nil)(testv1.TierService_GetProfile_FullMethodName); ok {
		t.Error("no files declare a method")
	}
}

// A unary method has its timeout through a proxy, on either side. Not declared, it has
// none: it is a stream.
func TestTimeoutsThroughAProxy(t *testing.T) {
	t.Parallel()
	limits := mustRules(t, rules.Rule{Match: rpctest.Unary, Policies: []rules.Template{timeout.Each(timeout.Config{Max: time.Second})}})
	nothing := mustRules(t)
	for _, side := range []policy.Side{policy.Client, policy.Server} {
		for _, shapes := range []interceptors.ShapeOption{nil, interceptors.WithShapes(rigShapes)} {
			t.Run(fmt.Sprintf("%v, declared %v", side, shapes != nil), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client, server := nothing, nothing
					if side == policy.Client {
						client = limits
					} else {
						server = limits
					}
					cc := proxied(t, slowly(5*time.Second), client, server, shapes)
					began := time.Now()
					err := rpctest.Invoke(t.Context(), cc)
					if shapes == nil {
						if err != nil {
							t.Errorf("err = %v; want an answer: nobody knows that the call is unary", err)
						}
						return
					}
					if policy.ReasonOf(err) != policy.ReasonTimeout || !strings.Contains(status.Convert(err).Message(), rpctest.Unary) {
						t.Errorf("err = %v; want the timeout's, with its rule", err)
					}
					if after := time.Since(began); after != time.Second {
						t.Errorf("over after %v; want 1s", after)
					}
				})
			})
		}
	}
}

// slowly is a rig whose unary method answers after a while.
func slowly(after time.Duration) rpctest.Rig {
	return rpctest.Rig{Unary: func(ctx context.Context) error {
		select {
		case <-time.After(after):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
}

func mustRules(t *testing.T, list ...rules.Rule) *rules.Rules {
	t.Helper()
	r, err := rules.New(list)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A client that opens unary calls and never sends their requests holds places of the proxy
// no longer than a timeout allows, and does not take the backend from the others.
func TestRequestsThatNeverComeThroughAProxy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := mustRules(t, rules.Rule{Match: "*", Policies: []rules.Template{
			timeout.Each(timeout.Config{Max: 10 * time.Second}),
			bulkhead.Each(bulkhead.Config{MaxConcurrent: 20}).On(policy.Server),
			breaker.Each(breaker.Config{SlowAfter: time.Second}).On(policy.Client),
		}})
		cc := proxied(t, rpctest.Rig{}, r, r, interceptors.WithShapes(rigShapes))
		if err := rpctest.Invoke(t.Context(), cc); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if _, err := cc.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, rpctest.Unary); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if err := rpctest.Invoke(t.Context(), cc); policy.ReasonOf(err) != policy.ReasonBulkheadFull {
			t.Errorf("err = %v; want no place beside calls that are yet to send", err)
		}
		time.Sleep(10*time.Second + time.Millisecond)
		for range 5 {
			if err := rpctest.Invoke(t.Context(), cc); err != nil {
				t.Errorf("err = %v; want places again, and a closed circuit", err)
			}
			time.Sleep(time.Second)
		}
	})
}

// A slow backend opens the circuit of a unary method through a proxy, and one that hangs
// as well. Not declared, the pace of the stream may be anybody's.
func TestSlownessThroughAProxy(t *testing.T) {
	t.Parallel()
	for name, rig := range map[string]rpctest.Rig{"slow": slowly(2 * time.Second), "hanging": slowly(time.Hour)} {
		for _, shapes := range []interceptors.ShapeOption{nil, interceptors.WithShapes(rigShapes)} {
			t.Run(fmt.Sprintf("%s, declared %v", name, shapes != nil), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r := mustRules(t, rules.Rule{Match: "*", Sides: []policy.Side{policy.Client}, Policies: []rules.Template{
						breaker.Each(breaker.Config{SlowAfter: time.Second}),
					}})
					cc := proxied(t, rig, r, mustRules(t), shapes)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					var opened atomic.Bool
					var asking sync.WaitGroup
					for range 60 {
						asking.Go(func() {
							if policy.ReasonOf(rpctest.Invoke(ctx, cc)) == policy.ReasonCircuitOpen {
								opened.Store(true)
							}
						})
						time.Sleep(100 * time.Millisecond)
					}
					cancel()
					asking.Wait()
					if opened.Load() != (shapes != nil) {
						t.Errorf("the circuit opened: %v; want %v", opened.Load(), shapes != nil)
					}
				})
			})
		}
	}
}

// Declared methods have policies of their own on the proxy's server, and unary calls do
// not take the places of streams.
func TestPlacesThroughAProxy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := mustRules(t, rules.Rule{Match: "*", Policies: []rules.Template{
			bulkhead.Each(bulkhead.Config{MaxConcurrent: 1, MaxStreams: 1}).Per(rules.PerTarget),
		}})
		cc := proxied(t, rpctest.Rig{}, mustRules(t), r, interceptors.WithShapes(rigShapes))
		rpctest.Open(t.Context(), t, cc, rpctest.BidiStream)
		synctest.Wait()
		if err := rpctest.Invoke(t.Context(), cc); err != nil {
			t.Errorf("a unary call beside a stream: %v", err)
		}
		s, err := cc.NewStream(t.Context(), rpctest.DescOf(rpctest.BidiStream), rpctest.BidiStream)
		if err == nil {
			err = s.RecvMsg(rpctest.Message())
		}
		if policy.ReasonOf(err) != policy.ReasonBulkheadFull {
			t.Errorf("a second stream: %v; want no place", err)
		}
		// All that is not declared shares other places.
		err = cc.Invoke(t.Context(), "/made.up/Method", rpctest.Message(), rpctest.Message())
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("a method that is not declared: %v; want the backend's answer", err)
		}
	})
}

// The time that a client takes for its request is not the backend's: from calls that are
// opened long before they ask for anything no circuit opens, and their answers come.
func TestRequestsThatComeLateThroughAProxy(t *testing.T) {
	t.Parallel()
	for _, method := range []string{rpctest.Unary, rpctest.ServerStream} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := mustRules(t, rules.Rule{Match: "*", Sides: []policy.Side{policy.Client}, Policies: []rules.Template{
					breaker.Each(breaker.Config{SlowAfter: time.Second}),
				}})
				cc := proxied(t, rpctest.Rig{}, r, mustRules(t), interceptors.WithShapes(rigShapes))
				var asking sync.WaitGroup
				for range 60 {
					asking.Go(func() {
						s, err := cc.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
						if err != nil {
							t.Error(err)
							return
						}
						time.Sleep(3 * time.Second)
						if err := errors.Join(s.SendMsg(rpctest.Message()), s.CloseSend(), s.RecvMsg(rpctest.Message())); err != nil {
							t.Errorf("err = %v; want an answer", err)
						}
						if err := s.RecvMsg(rpctest.Message()); !errors.Is(err, io.EOF) {
							t.Errorf("err = %v; want the end", err)
						}
					})
					time.Sleep(100 * time.Millisecond)
				}
				asking.Wait()
			})
		})
	}
}
