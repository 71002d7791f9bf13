package degrade_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// secret is in all that must not leave the trust boundary.
const secret = "secret"

// sourced is a marker with all that is for operators.
func sourced(path string) degrade.Marker {
	return degrade.Marker{Path: path, State: degrade.Missing, Reason: degrade.ReasonError, Source: degrade.Source{
		Name: secret + "-db", Origin: secret + "-disk", Code: codes.DataLoss, Elapsed: 7, Hops: 2, Fallback: secret + "-cache",
	}}
}

// foul is a report that no report type of ours would make: its only marker has
// a malformed path.
func foul() *degradev1.Degradation {
	return &degradev1.Degradation{Fields: []*degradev1.FieldDegradation{{
		Path: "no such [path]", SourceInfo: &degradev1.SourceInfo{Source: secret},
	}}}
}

// leaking is a response with secrets in it, at all depths.
func leaking(own *degradev1.Degradation) *testv1.GetProfileResponse {
	nested := func() *testv1.GetProfileResponse {
		return &testv1.GetProfileResponse{Name: "nested", Degradation: degrade.NewReport(sourced("avatar")).Proto()}
	}
	return &testv1.GetProfileResponse{
		Name: "top", Parent: nested(), Degradation: own,
		Items:   []*testv1.Item{{Seller: nested()}},
		Offers:  map[string]*testv1.Item{"a": {Seller: nested()}},
		Contact: &testv1.GetProfileResponse_Card{Card: &testv1.Item{Seller: nested()}},
	}
}

// wantNoSecret checks what arrived outside.
func wantNoSecret(tb testing.TB, what string, m proto.Message) {
	tb.Helper()
	encoded, err := proto.Marshal(m)
	if err != nil || strings.Contains(string(encoded), secret) {
		tb.Errorf("%s: %v, %v", what, m, err)
	}
}

// At the edge a response names degraded fields, and nothing of where that came
// from; its nested messages name none. The handler's message stays as it was.
func TestEdgeStripsResponses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		own  *degradev1.Degradation
		want []string
	}{
		{"marked by the handler", nil, []string{"tags missing"}},
		{"written by the handler", degrade.NewReport(sourced("name")).Proto(), []string{"name missing", "tags missing"}},
		{"malformed", foul(), []string{"tags missing"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				shared := leaking(tt.own)
				before := proto.Clone(shared)
				listener := serve(t, &tier{
					profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
						degrade.Add(ctx, degrade.NewReport(sourced("tags")))
						return shared, nil
					},
					plain: func(ctx context.Context) (*testv1.GetPlainResponse, error) {
						degrade.Add(ctx, degrade.NewReport(sourced("text")))
						return &testv1.GetPlainResponse{Profile: shared}, nil
					},
				}, markingServer(degrade.WithEdge())...)
				client := dial(t, listener, readingClient()...)
				got, err := client.GetProfile(t.Context(), nil)
				if err != nil || got.GetItems()[0].GetSeller().GetName() != "nested" {
					t.Fatalf("%v, %v", got, err)
				}
				wantNoSecret(t, "response", got)
				if !slices.Equal(claims(degrade.FromResponse(got)), tt.want) || got.GetParent().GetDegradation() != nil {
					t.Errorf("%v; want %v", got, tt.want)
				}
				var r degrade.Report
				plain, err := client.GetPlain(t.Context(), nil, degrade.Capture(&r))
				if err != nil || !slices.Equal(claims(r), []string{"text missing"}) {
					t.Errorf("%v, %v", claims(r), err)
				}
				wantNoSecret(t, "plain response", plain)
				wantNoSecret(t, "trailer", r.Proto())
				if !proto.Equal(shared, before) {
					t.Errorf("the handler's message became %v", shared)
				}
			})
		})
	}
}

// A response at the edge of which its handler marked nothing has no nested
// markers either, and none that are malformed.
func TestEdgeStripsCompleteResponses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var own *degradev1.Degradation
		listener := serve(t, &tier{profile: func(context.Context) (*testv1.GetProfileResponse, error) {
			return leaking(own), nil
		}}, markingServer(degrade.WithEdge())...)
		for want, d := range map[string]*degradev1.Degradation{"": nil, "0": {}, "1": foul()} {
			own = d
			got, err := dial(t, listener).GetProfile(t.Context(), nil)
			if summary := degrade.FromResponse(got).Summary(); err != nil || summary != want {
				t.Errorf("%v, %v; want %q", got, err, want)
			}
			wantNoSecret(t, "response", got)
		}
	})
}

// Inside the trust boundary all is sent.
func TestInsideSourcesAreSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := start(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			degrade.Add(ctx, degrade.NewReport(sourced("tags")))
			return leaking(nil), nil
		}})
		var r degrade.Report
		got, err := client.GetProfile(t.Context(), nil, degrade.Capture(&r))
		if err != nil || got.GetParent().GetDegradation() == nil {
			t.Errorf("%v, %v", got, err)
		}
		for m := range r.Markers() {
			if m.Source != sourced("").Source {
				t.Errorf("source = %+v", m.Source)
			}
		}
	})
}

func TestEdgeStripsErrors(t *testing.T) {
	t.Parallel()
	withDetails := func(details ...protoadapt.MessageV1) error {
		st, err := status.New(codes.Unavailable, "down").WithDetails(details...)
		if err != nil {
			t.Fatal(err)
		}
		return st.Err()
	}
	marked := protoadapt.MessageV1Of(degrade.NewReport(sourced("name")).Proto())
	other := protoadapt.MessageV1Of(&testv1.Item{Name: "kept"})
	synctest.Test(t, func(t *testing.T) {
		var fails error
		listener := serve(t, &tier{
			profile: func(context.Context) (*testv1.GetProfileResponse, error) { return nil, fails },
			watch:   func(grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error { return fails },
		}, markingServer(degrade.WithEdge())...)
		client := dial(t, listener)
		for name, err := range map[string]error{
			"no details":      status.Error(codes.Unavailable, "down"),
			"others":          withDetails(other, other),
			"markers":         withDetails(marked),
			"markers twice":   withDetails(marked, other, marked),
			"malformed":       withDetails(other, protoadapt.MessageV1Of(foul())),
			"of this package": degrade.NewReport(sourced("name")).Err(),
		} {
			fails = err
			_, unary := client.GetProfile(t.Context(), nil)
			s, err := client.WatchProfiles(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, stream := s.Recv()
			for kind, got := range map[string]error{"unary": unary, "stream": stream} {
				st, want := status.Convert(got), status.Convert(fails)
				wantNoSecret(t, name+", "+kind, st.Proto())
				details := 0 // the reason and the markers of the response itself are for callers, those of others are not
				if _, own := errors.AsType[*degrade.IncompleteError](fails); own {
					details = 2
				}
				if st.Code() != want.Code() || st.Message() != "unavailable" || len(st.Details()) != details {
					t.Errorf("%s, %s: %v, %d details; want unavailable, %d", name, kind, st, len(st.Details()), details)
				}
			}
		}
	})
}

// What a stream's messages say of themselves is stripped as responses are.
func TestEdgeStripsStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener := serve(t, &tier{watch: func(w grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
			degrade.Add(w.Context(), degrade.NewReport(sourced("name")))
			for _, own := range []*degradev1.Degradation{nil, {}, foul(), degrade.NewReport(sourced("name")).Proto()} {
				if err := w.Send(&testv1.WatchProfilesResponse{Profile: leaking(nil), Degradation: own}); err != nil {
					return err
				}
			}
			return nil
		}}, markingServer(degrade.WithEdge())...)
		var r degrade.Report
		s, err := dial(t, listener, readingClient()...).WatchProfiles(t.Context(), nil, degrade.Capture(&r))
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for {
			m, err := s.Recv()
			if err != nil {
				break
			}
			wantNoSecret(t, "message", m)
			said = append(said, degrade.FromResponse(m).Summary())
		}
		if want := []string{"", "0", "1", "1; missing=1"}; !slices.Equal(said, want) {
			t.Errorf("messages say %q; want %q", said, want)
		}
		wantNoSecret(t, "trailer", r.Proto())
		if !slices.Equal(claims(r), []string{"name missing"}) {
			t.Errorf("trailer says %v", claims(r))
		}
	})
}

// Markers where they may not be are of no use, but could name sources.
func TestEdgeStripsMarkersInWrongPlaces(t *testing.T) {
	t.Parallel()
	marked := degrade.NewReport(sourced("name")).Proto()
	for _, resp := range []proto.Message{
		&testv1.RepeatedMarkers{Parts: []*degradev1.Degradation{marked}},
		&testv1.MappedMarkers{Parts: map[string]*degradev1.Degradation{"a": marked}},
		&testv1.OneofMarkers{Result: &testv1.OneofMarkers_Degradation{Degradation: marked}},
		&testv1.TwoMarkers{First: marked, Second: marked},
	} {
		handler := func(context.Context, any) (any, error) { return resp, nil }
		got, err := degrade.UnaryServerInterceptor(degrade.WithEdge())(t.Context(), nil, &grpc.UnaryServerInfo{}, handler)
		if err != nil {
			t.Fatal(err)
		}
		wantNoSecret(t, "response", got.(proto.Message)) //nolint:errcheck,forcetypeassert // it is
	}
}

// A response that is no message of protobuf passes, and so does none.
func TestResponseThatIsNoMessage(t *testing.T) {
	t.Parallel()
	for _, resp := range []any{nil, "text", (*testv1.GetProfileResponse)(nil)} {
		for _, s := range []grpc.UnaryServerInterceptor{degrade.UnaryServerInterceptor(), degrade.UnaryServerInterceptor(degrade.WithEdge())} {
			got, err := s(metadata.NewIncomingContext(t.Context(), nil), nil, &grpc.UnaryServerInfo{},
				func(context.Context, any) (any, error) { return resp, nil })
			if err != nil || got != resp {
				t.Errorf("%v, %v; want %v", got, err, resp)
			}
		}
	}
}
