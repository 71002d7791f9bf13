package interceptors_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
)

// asked is a request to say all or nothing, with something that is not afloat's.
var asked = metadata.Pairs(degrade.RequireKey, degrade.RequireAll, "tenant", "7")

// A handler that forwards all metadata of its caller does not ask in its caller's name,
// over our interceptors or past them; what is not afloat's is forwarded. A handler that
// asks itself is heard, whatever it forwards.
func TestRequirementIsForOneHop(t *testing.T) {
	t.Parallel()
	var got metadata.MD
	var required bool
	note := func(ctx context.Context) error {
		got, _ = metadata.FromIncomingContext(ctx)
		required = degrade.CompleteRequired(ctx)
		return nil
	}
	ours := interceptors.ServerOptions(rpctest.One{})
	bare := func(ctx context.Context) error { got, _ = metadata.FromIncomingContext(ctx); return nil }
	guarded := interceptors.DialOptions(rpctest.One{})
	for name, tt := range map[string]struct {
		middle []grpc.ServerOption // nil: without our interceptors
		dial   []grpc.DialOption   // of the middle
		leaf   []grpc.ServerOption
		see    func(context.Context) error
	}{
		"all ours":               {ours, guarded, ours, note},
		"our servers":            {ours, nil, ours, note},
		"our clients":            {nil, guarded, nil, bare},
		"leaf not ours":          {ours, guarded, nil, bare},
		"leaf and call not ours": {ours, nil, nil, bare},
	} {
		leaf := hosted(t, failing(tt.see), tt.leaf, tt.dial...)
		var opts []grpc.CallOption
		forward := func(ctx context.Context) error {
			md, _ := metadata.FromIncomingContext(ctx)
			ctx = metadata.NewOutgoingContext(degrade.Unused(ctx), md)
			if err := rpctest.Invoke(ctx, leaf, opts...); err != nil {
				return err
			}
			if len(opts) > 0 {
				return nil
			}
			unary := got
			if err := streamed(ctx, leaf); !errors.Is(err, io.EOF) {
				return err
			}
			got = metadata.Join(unary, got)
			return nil
		}
		middle := hosted(t, failing(forward), tt.middle)
		ctx := metadata.NewOutgoingContext(t.Context(), asked)
		for _, method := range shapes {
			got, required, opts = nil, false, nil
			seen := spy(ctx, t, middle, method)
			if len(got[degrade.RequireKey]) > 0 || required || !slices.Equal(got["tenant"], []string{"7", "7"}) {
				t.Errorf("%s, %s: forwarded %v, required %v\n%s", name, method, got, required, seen)
			}
			if tt.dial == nil {
				continue
			}
			opts = []grpc.CallOption{degrade.RequireComplete()}
			seen = spy(ctx, t, middle, method)
			if want := []string{degrade.RequireAll}; name != "all ours" && !slices.Equal(got[degrade.RequireKey], want) || name == "all ours" && !required {
				t.Errorf("%s, %s: the handler's own wish was not heard: %v\n%s", name, method, got, seen)
			}
		}
	}
}

// A client that is not ours, or that names the key by hand past our interceptors, is
// heard.
func TestRequirementOfAPlainClientIsHeard(t *testing.T) {
	t.Parallel()
	required := false
	cc := hosted(t, failing(func(ctx context.Context) error { required = degrade.CompleteRequired(ctx); return nil }),
		interceptors.ServerOptions(rpctest.One{}))
	if spy(metadata.NewOutgoingContext(t.Context(), asked), t, cc, rpctest.Unary); !required {
		t.Error("not required")
	}
}

// copier sends its callers all the metadata that one of its calls received, in one of
// the ways that gRPC has.
type copier func(ctx context.Context, s grpc.ServerStream, md metadata.MD) error

var copiers = map[string]copier{
	"SetHeader":  func(ctx context.Context, _ grpc.ServerStream, md metadata.MD) error { return grpc.SetHeader(ctx, md) },
	"SendHeader": func(ctx context.Context, _ grpc.ServerStream, md metadata.MD) error { return grpc.SendHeader(ctx, md) },
	"SetTrailer": func(ctx context.Context, _ grpc.ServerStream, md metadata.MD) error { return grpc.SetTrailer(ctx, md) },
	"the stream's SetHeader": func(_ context.Context, s grpc.ServerStream, md metadata.MD) error {
		return s.SetHeader(md)
	},
	"the stream's SendHeader": func(_ context.Context, s grpc.ServerStream, md metadata.MD) error {
		return s.SendHeader(md)
	},
	"the stream's SetTrailer": func(_ context.Context, s grpc.ServerStream, md metadata.MD) error {
		s.SetTrailer(md)
		return nil
	},
}

// A response does not say of itself what a response from below said that its handler
// copied; what else the handler copied passes. What it lacks itself, it says.
func TestReportsAreForOneHop(t *testing.T) {
	t.Parallel()
	below := metadata.Pairs(degrade.SummaryKey, "2; missing=2", degrade.TrailerKey, "\x12\x01x", "mine", "passes")
	shout := metadata.MD{}
	for key, values := range below {
		if key != "mine" { // gRPC itself refuses such keys in some places
			key = strings.ToUpper(key)
		}
		shout[key] = values
	}
	for _, md := range []metadata.MD{below, shout} {
		for how, copies := range copiers {
			for _, lacks := range []bool{false, true} {
				handle := func(ctx context.Context, s grpc.ServerStream) error {
					if lacks {
						_ = degrade.Mark(ctx, "value", degrade.Missing, degrade.ReasonError)
					}
					derived, cancel := context.WithCancel(degrade.Unused(ctx)) // as handlers have them
					defer cancel()
					return copies(derived, s, md)
				}
				rig := rpctest.Rig{
					Unary: func(ctx context.Context) error { return handle(ctx, nil) },
					Stream: func(s grpc.ServerStream) error {
						return errors.Join(handle(s.Context(), s), s.SendMsg(rpctest.Message()))
					},
				}
				cc := hosted(t, rig, interceptors.ServerOptions(rpctest.One{}))
				methods := shapes
				if strings.HasPrefix(how, "the stream's") {
					methods = shapes[1:]
				}
				for _, method := range methods {
					got := spy(t.Context(), t, cc, method)
					all := metadata.Join(got.header, got.trailer)
					want := map[bool]string{false: "0", true: "1; missing=1"}[lacks]
					if !slices.Equal(all[degrade.SummaryKey], []string{want}) || len(all[degrade.TrailerKey]) > 0 != lacks {
						t.Errorf("%s, %s: sent\n%s\nwant %q", how, method, got, want)
					}
					if !slices.Equal(all["mine"], []string{"passes"}) {
						t.Errorf("%s, %s: the handler's own was lost:\n%s", how, method, got)
					}
				}
			}
		}
	}
}

// gRPC's functions that need gRPC's own stream still get it.
func TestCompressionIsForTheHandlerToChoose(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]interceptors.ServerOption{"plain": nil, "silent": {interceptors.WithSilence()}} {
		choose := func(ctx context.Context) error {
			derived, cancel := context.WithCancel(degrade.Unused(ctx))
			defer cancel()
			_, err := grpc.ClientSupportedCompressors(derived)
			method, ok := grpc.Method(derived)
			if !ok || method == "" {
				t.Errorf("%s: method = %q", name, method)
			}
			return errors.Join(err, grpc.SetSendCompressor(derived, "identity"))
		}
		rig := rpctest.Rig{Unary: choose, Stream: func(s grpc.ServerStream) error {
			return errors.Join(choose(s.Context()), s.SendMsg(rpctest.Message()))
		}}
		cc := hosted(t, rig, interceptors.ServerOptions(rpctest.One{}, opts...))
		for _, method := range shapes {
			if got := spy(t.Context(), t, cc, method); got.status.Err() != nil {
				t.Errorf("%s, %s: %s", name, method, got)
			}
		}
	}
}
