package interceptors_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// profiles is the service of docs/edge.md.
type profiles struct {
	testv1.UnimplementedTierServiceServer

	get   func(ctx context.Context) (*testv1.GetProfileResponse, error)
	plain func(ctx context.Context) (*testv1.GetPlainResponse, error)
}

func (p *profiles) GetProfile(ctx context.Context, _ *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	return p.get(ctx)
}

func (p *profiles) GetPlain(ctx context.Context, _ *testv1.GetPlainRequest) (*testv1.GetPlainResponse, error) {
	return p.plain(ctx)
}

// started runs the service with the options until the test ends.
func (p *profiles) started(t *testing.T, opts []grpc.ServerOption) *grpc.ClientConn {
	t.Helper()
	server := grpc.NewServer(append(opts, grpc.WaitForHandlers(true))...)
	testv1.RegisterTierServiceServer(server, p)
	return rpctest.Serve(t, server, "profiles")
}

// scene is one call of the transcript.
type scene struct {
	title string
	p     profiles
	// room: the response has a field for markers.
	room bool
	// sent is the caller's metadata.
	sent metadata.MD
	// guard is the server's.
	guard func() *policy.Chain
}

// oneLine prints a message on a line, always in the same way.
func oneLine(m proto.Message) string {
	text := strings.Join(strings.Fields(prototext.MarshalOptions{}.Format(m)), " ")
	return strings.NewReplacer("{ ", "{", " }", "}", ": ", ":").Replace(text)
}

// play makes the call of the scene and writes down what a client sees of it.
func (s *scene) play(t *testing.T, opts ...interceptors.ServerOption) (lines []string) {
	t.Helper()
	var chain *policy.Chain
	if s.guard != nil {
		chain = s.guard()
	}
	cc := s.p.started(t, interceptors.ServerOptions(rpctest.One{Chain: chain}, opts...))
	var reply proto.Message = new(testv1.GetPlainResponse)
	method := testv1.TierService_GetPlain_FullMethodName
	if s.room {
		reply, method = new(testv1.GetProfileResponse), testv1.TierService_GetProfile_FullMethodName
	}
	var header, trailer metadata.MD
	err := cc.Invoke(metadata.NewOutgoingContext(t.Context(), s.sent), method, &testv1.GetProfileRequest{}, reply,
		grpc.Header(&header), grpc.Trailer(&trailer))
	st := status.Convert(err)
	if err == nil {
		lines = append(lines, strings.TrimSpace("OK "+oneLine(reply)))
	} else {
		lines = append(lines, fmt.Sprintf("%s %q", codeName(st.Code()), st.Message()))
	}
	for _, d := range st.Proto().GetDetails() {
		m, err := d.UnmarshalNew()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("detail  %s {%s}", m.ProtoReflect().Descriptor().Name(), oneLine(m)))
	}
	return append(append(lines, written("header ", header)...), written("trailer", trailer)...)
}

// codeName returns the name of a code as in gRPC's documents.
func codeName(c codes.Code) string { return code.Code(c).String() }

// written writes down metadata, except what every gRPC server sends and what is
// written down as details already.
func written(where string, md metadata.MD) (lines []string) {
	for _, key := range slices.Sorted(maps.Keys(md)) {
		if key == "content-type" || key == "grpc-status-details-bin" {
			continue
		}
		for _, value := range md[key] {
			var d degradev1.Degradation
			if key == degrade.TrailerKey {
				encoded, err := base64.RawStdEncoding.DecodeString(value)
				if err == nil && proto.Unmarshal(encoded, &d) == nil {
					value = "{" + oneLine(&d) + "}"
				}
			}
			lines = append(lines, fmt.Sprintf("%s %s: %s", where, key, value))
		}
	}
	return lines
}

// scenes are those of the transcript.
func scenes(t *testing.T) []scene {
	t.Helper()
	below := (&profiles{get: func(context.Context) (*testv1.GetProfileResponse, error) {
		return nil, withDetails(t, codes.NotFound, "no row 7 in users at db-3", &errdetails.DebugInfo{Detail: "shard 4"})
	}}).started(t, interceptors.ServerOptions(rpctest.One{}))
	lacking := func(ctx context.Context, path string) {
		degrade.Add(ctx, degrade.NewReport(degrade.Marker{
			Path: path, State: degrade.Missing, Reason: degrade.ReasonCircuitOpen,
			Source: degrade.Source{Name: "images", Origin: "GetProfile/" + path, Code: codes.Unavailable},
		}))
	}
	whole := func(context.Context) (*testv1.GetProfileResponse, error) {
		return &testv1.GetProfileResponse{Name: "Ann"}, nil
	}
	partial := func(ctx context.Context) (*testv1.GetProfileResponse, error) {
		lacking(ctx, "avatar")
		return whole(ctx)
	}
	fails := func(err error) func(context.Context) (*testv1.GetProfileResponse, error) {
		return func(context.Context) (*testv1.GetProfileResponse, error) { return nil, err }
	}
	guarded := interceptors.UnaryClientInterceptor(rpctest.One{})
	return []scene{
		{title: "a complete response", room: true, p: profiles{get: whole}},
		{title: "a response that lacks a field", room: true, p: profiles{get: partial}},
		{title: "the same, in a message without room for markers", p: profiles{plain: func(ctx context.Context) (*testv1.GetPlainResponse, error) {
			lacking(ctx, "text")
			return &testv1.GetPlainResponse{}, nil
		}}},
		{
			title: "the same, for a caller that requires it complete", room: true, p: profiles{get: partial},
			sent: metadata.Pairs(degrade.RequireKey, degrade.RequireAll),
		},
		{title: "the handler returns the error of one of its calls", room: true, p: profiles{get: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			resp := new(testv1.GetProfileResponse)
			err := guarded(ctx, testv1.TierService_GetProfile_FullMethodName, &testv1.GetProfileRequest{}, resp, below,
				func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, opts ...grpc.CallOption) error {
					return cc.Invoke(ctx, method, req, reply, opts...)
				})
			return resp, err
		}}},
		{title: "the handler's own NOT_FOUND, with a detail", room: true, p: profiles{get: fails(
			withDetails(t, codes.NotFound, "there is no user 7", &errdetails.ResourceInfo{ResourceType: "user", ResourceName: "7"}))}},
		{title: "the handler's own INTERNAL", room: true, p: profiles{get: fails(status.Error(codes.Internal, "no template for locale xx"))}},
		{title: "a rate limit of the server refuses the call", room: true, guard: func() *policy.Chain {
			limit, err := ratelimit.New(ratelimit.Config{PerSecond: 0.5, Burst: 1})
			if err != nil {
				t.Fatal(err)
			}
			if err := policy.Run(t.Context(), limit, "first", func(context.Context) error { return nil }); err != nil {
				t.Fatal(err)
			}
			return rpctest.ChainOf(t, limit)
		}},
	}
}

// The transcript in docs/edge.md is what a client sees.
func TestTranscriptOfDocsIsWhatASpySees(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	synctest.Test(t, func(t *testing.T) {
		for i, s := range scenes(t) {
			if i > 0 {
				b.WriteString("\n")
			}
			b.WriteString(s.title + "\n")
			for _, server := range []struct {
				name string
				opts []interceptors.ServerOption
			}{
				{"plain", nil},
				{"edge", []interceptors.ServerOption{interceptors.WithEdge()}},
				{"silent", []interceptors.ServerOption{interceptors.WithSilence()}},
			} {
				for n, line := range s.play(t, server.opts...) {
					if n > 0 {
						server.name = ""
					}
					fmt.Fprintf(&b, "  %-8s%s\n", server.name, line)
				}
			}
		}
	})
	page, err := os.ReadFile(filepath.Join("..", "docs", "edge.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```text\n"+b.String()+"```") {
		t.Errorf("docs/edge.md has another transcript than this:\n%s", b.String())
	}
}
