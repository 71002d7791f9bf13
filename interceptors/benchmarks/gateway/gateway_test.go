package gateway

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/degrade"
	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// service answers with markers, for which its messages have no room, and with trailers
// of its own.
type service struct {
	pb.UnimplementedTierServiceServer

	trailer metadata.MD
	marked  bool
	fails   error
}

func (s *service) GetPlain(ctx context.Context, _ *pb.GetPlainRequest) (*pb.GetPlainResponse, error) {
	if err := grpc.SetTrailer(ctx, s.trailer); err != nil {
		return nil, err
	}
	if s.marked {
		for _, state := range []degrade.State{degrade.Stale, degrade.Missing} {
			if err := degrade.Mark(ctx, "text", state, degrade.ReasonTimeout); err != nil {
				return nil, err
			}
		}
	}
	return &pb.GetPlainResponse{Text: "good"}, nil
}

func (s *service) GetProfile(ctx context.Context, _ *pb.GetProfileRequest) (*pb.GetProfileResponse, error) {
	if s.fails != nil {
		return nil, s.fails
	}
	if s.marked {
		if err := degrade.Mark(ctx, "avatar", degrade.Missing, degrade.ReasonTimeout); err != nil {
			return nil, err
		}
	}
	return &pb.GetProfileResponse{Name: "Ada"}, nil
}

func (s *service) WatchProfiles(_ *pb.WatchProfilesRequest, w grpc.ServerStreamingServer[pb.WatchProfilesResponse]) error {
	if s.marked {
		if err := degrade.Mark(w.Context(), "", degrade.Stale, degrade.ReasonTimeout); err != nil {
			return err
		}
	}
	return w.Send(&pb.WatchProfilesResponse{})
}

// start runs the service and the gateway over loopback, and returns the gateway's URL.
func start(t *testing.T, s *service, mux *runtime.ServeMux) string {
	t.Helper()
	rules, err := interceptors.Default()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(interceptors.ServerOptions(rules)...)
	pb.RegisterTierServiceServer(server, s)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	cc, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	if err := register(mux, pb.NewTierServiceClient(cc)); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(mux)
	t.Cleanup(func() {
		front.Close()
		_ = cc.Close()
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return front.URL
}

// get asks the gateway, and for trailers if so wanted.
func get(t *testing.T, url string, trailers bool) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if trailers {
		req.Header.Set("TE", "trailers")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

// Whoever asks for trailers gets the good answer, and the markers as text, whatever the
// gateway is told about trailers.
func TestMarkersPassAGateway(t *testing.T) {
	t.Parallel()
	for name, mux := range map[string]*runtime.ServeMux{"as it comes": runtime.NewServeMux(), "text alone": newMux()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := start(t, &service{marked: true}, mux)
			for _, trailers := range []bool{false, true} {
				resp, body, err := get(t, url+"/plain", trailers)
				if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(body, "good") {
					t.Fatalf("trailers %v: %q, %v; want the good answer", trailers, body, err)
				}
				if got := resp.Header.Get("Grpc-Metadata-Afloat-Degraded"); got != "2; missing=1; stale=1" {
					t.Errorf("summary = %q", got)
				}
				var d degradev1.Degradation
				text := resp.Trailer.Get("Grpc-Trailer-Afloat-Degradation")
				encoded, err := base64.RawStdEncoding.DecodeString(text)
				if err != nil || proto.Unmarshal(encoded, &d) != nil || (len(d.GetFields()) == 2) != trailers {
					t.Errorf("trailers %v: %q has %v, %v", trailers, text, &d, err)
				}
			}
		})
	}
}

// A stream's markers do not harm it: the gateway forwards no trailers of streams.
func TestStreamsPassAGateway(t *testing.T) {
	t.Parallel()
	url := start(t, &service{marked: true}, newMux())
	resp, body, err := get(t, url+"/watch", true)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(body, "result") {
		t.Errorf("%q, %v; want the message", body, err)
	}
}

// A handler's own bytes do what those of afloat must not: the client cannot read the
// response. The gateway has to keep them to itself.
func TestBytesInTrailersNeedTheMatcher(t *testing.T) {
	t.Parallel()
	encoded, err := proto.Marshal(degrade.NewReport(
		degrade.Marker{Path: "text", State: degrade.Stale, Reason: degrade.ReasonTimeout}).Proto())
	if err != nil {
		t.Fatal(err)
	}
	own := metadata.Pairs("own-bin", string(encoded), "own", "text")
	if _, body, err := get(t, start(t, &service{trailer: own}, runtime.NewServeMux())+"/plain", true); err == nil {
		t.Errorf("a gateway that passes bytes on: %q; want an error of the client", body)
	}
	resp, body, err := get(t, start(t, &service{trailer: own}, newMux())+"/plain", true)
	if err != nil || !strings.Contains(body, "good") || resp.Trailer.Get("Grpc-Trailer-Own") != "text" {
		t.Errorf("with the matcher: %q, %v, %v", body, resp, err)
	}
	if got := resp.Trailer.Values("Grpc-Trailer-Own-Bin"); len(got) > 0 {
		t.Errorf("bytes are passed on: %q", got)
	}
}

// A message's own markers are in its JSON, whose status is 200; a cache may keep what is
// complete, and nothing else.
func TestMarkersInJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		marked             bool
		summary, cacheable string
		markers            string
	}{
		{true, "1; missing=1", "no-store", `{"name":"Ada","degradation":{"fields":[{"path":"avatar","state":"FIELD_STATE_MISSING","reason":"REASON_TIMEOUT"}]}}`},
		{false, "0", "", `{"name":"Ada"}`},
	} {
		resp, body, err := get(t, start(t, &service{marked: tt.marked}, newMux())+"/profile", false)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Cache-Control") != tt.cacheable || resp.Header.Get("Grpc-Metadata-Afloat-Degraded") != tt.summary {
			t.Errorf("marked %v: status %d, Cache-Control %q, summary %q", tt.marked, resp.StatusCode,
				resp.Header.Get("Cache-Control"), resp.Header.Get("Grpc-Metadata-Afloat-Degraded"))
		}
		if got := withoutDefaults(t, body); got != tt.markers {
			t.Errorf("marked %v: %s; want %s", tt.marked, got, tt.markers)
		}
	}
}

// withoutDefaults returns JSON of a profile without the fields that are not set.
func withoutDefaults(t *testing.T, body string) string {
	t.Helper()
	m := new(pb.GetProfileResponse)
	if err := protojson.Unmarshal([]byte(body), m); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	var compact bytes.Buffer
	text, err := protojson.Marshal(m)
	if err == nil {
		err = json.Compact(&compact, text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return compact.String()
}

// A refusal has the status of HTTP that goes with its code, and its details in the JSON.
func TestRefusalsPassAGateway(t *testing.T) {
	t.Parallel()
	for code, want := range map[codes.Code]int{codes.Unavailable: http.StatusServiceUnavailable, codes.ResourceExhausted: http.StatusTooManyRequests} {
		st, err := status.New(code, "refused").WithDetails(&errdetails.ErrorInfo{Reason: "CIRCUIT_OPEN", Domain: policy.Domain})
		if err != nil {
			t.Fatal(err)
		}
		resp, body, err := get(t, start(t, &service{fails: st.Err()}, newMux())+"/profile", false)
		if err != nil || resp.StatusCode != want || !strings.Contains(body, "CIRCUIT_OPEN") {
			t.Errorf("%v: status %v, %s, %v; want %d with the reason", code, resp.StatusCode, body, err, want)
		}
	}
}
