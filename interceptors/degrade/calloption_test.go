package degrade_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// A server that is asked for all or nothing tells its handler, and fails the
// call if the response is not complete.
func TestRequireCompleteOnTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		degraded, asked := true, false
		client := start(t, &tier{plain: func(ctx context.Context) (*testv1.GetPlainResponse, error) {
			asked = degrade.CompleteRequired(ctx)
			attempt, _ := degrade.Open(ctx)
			if degrade.CompleteRequired(attempt) != asked {
				t.Error("an attempt requires something else than its response")
			}
			if degraded {
				mark(ctx, t, "text", degrade.Missing)
			}
			return &testv1.GetPlainResponse{}, nil
		}})
		var r degrade.Report
		var header metadata.MD
		_, err := client.GetPlain(t.Context(), nil, degrade.RequireComplete(), degrade.Capture(&r), grpc.Header(&header))
		if status.Code(err) != codes.Unavailable || !asked || !slices.Equal(claims(r), []string{"text missing"}) {
			t.Errorf("%v, asked %v, %v", err, asked, claims(r))
		}
		wantRefused(t, err, "text missing")
		if len(header.Get(degrade.SummaryKey)) > 0 {
			t.Errorf("header %v of a call that failed", header)
		}
		degraded = false
		if _, err := client.GetPlain(t.Context(), nil, degrade.RequireComplete()); err != nil || !asked {
			t.Errorf("complete: %v, asked %v", err, asked)
		}
		if _, err := client.GetPlain(t.Context(), nil); err != nil || asked {
			t.Errorf("not required: %v, asked %v", err, asked)
		}
	})
}

// wantRefused checks the error of a caller who required a complete response that the
// server refused: it wraps what the server sent.
func wantRefused(t *testing.T, err error, fields ...string) {
	t.Helper()
	incomplete, ok := errors.AsType[*degrade.IncompleteError](err)
	if !ok || incomplete.Err == nil || !slices.Equal(claims(incomplete.Report), fields) {
		t.Errorf("%v; want an IncompleteError of the server about %v", err, fields)
		return
	}
	sent := status.Convert(incomplete.Err)
	if s := status.Convert(err); sent.Code() != codes.Unavailable || !proto.Equal(s.Proto(), sent.Proto()) {
		t.Errorf("the status is %v; want the server's, %v", s, sent)
	}
	if policy.ReasonOf(err) != policy.ReasonIncomplete || policy.Classify(err) != policy.Ignored {
		t.Errorf("%v is %v for the reason %q; want it ignored as INCOMPLETE", err, policy.Classify(err), policy.ReasonOf(err))
	}
}

// A caller who required a complete response is told so in the same words whoever noticed
// and however far away, and gets any other failure as it is. Who did not require it gets
// the status.
func TestRefusalsOfIncompleteResponses(t *testing.T) {
	t.Parallel()
	own := degrade.NewReport(missing("name")).Err()
	sick := status.Error(codes.Unavailable, "sick")
	for _, tt := range []struct {
		name     string
		edge     []degrade.ServerOption
		fails    error // of the handler
		required bool
		refused  bool
		fields   []string
	}{
		{"by the server", nil, nil, true, true, []string{"name missing"}},
		{"by the server, at an edge", []degrade.ServerOption{degrade.WithEdge()}, nil, true, true, []string{"name missing"}},
		{"by a silent server", []degrade.ServerOption{degrade.WithSilence()}, nil, true, false, nil},
		{"by the handler", nil, own, true, true, []string{"name missing"}},
		{"by the handler, not required", nil, own, false, false, nil},
		{"nobody said", nil, degrade.Report{}.Err(), true, true, nil},
		{"another failure", nil, sick, true, false, nil},
		{"another failure that tells of fields", nil, degrade.WithDetails(status.Convert(sick), degrade.NewReport(missing("name"))).Err(), true, false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tier := &tier{
					profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
						mark(ctx, t, "name", degrade.Missing)
						return &testv1.GetProfileResponse{}, tt.fails
					},
					watch: func(grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error { return tt.fails },
				}
				client := dial(t, serve(t, tier, markingServer(tt.edge...)...), readingClient()...)
				var opts []grpc.CallOption
				if tt.required {
					opts = append(opts, degrade.RequireComplete())
				}
				check := func(kind string, err error) {
					if tt.refused {
						wantRefused(t, err, tt.fields...)
					} else if _, is := errors.AsType[*degrade.IncompleteError](err); is || status.Code(err) != codes.Unavailable {
						t.Errorf("%s: %v; want the server's own status", kind, err)
					}
				}
				_, err := client.GetProfile(t.Context(), nil, opts...)
				check("unary", err)
				if tt.fails == nil {
					return // streams are not bound
				}
				s, err := client.WatchProfiles(t.Context(), nil, opts...)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // it stays what it is
					_, err = s.Recv()
					check("stream", err)
				}
			})
		})
	}
}

// A handler that passes on the refusal of a call of its own passes it on whole, and its
// caller gets one of its own if it required the same.
func TestRefusalsThroughTiers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		leaf := start(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			mark(ctx, t, "name", degrade.Missing)
			return &testv1.GetProfileResponse{}, nil
		}})
		top := start(t, &tier{page: func(ctx context.Context) (*testv1.GetPageResponse, error) {
			_, err := leaf.GetProfile(ctx, nil, degrade.RequireComplete())
			wantRefused(t, err, "name missing")
			return nil, err
		}})
		_, err := top.GetPage(t.Context(), nil, degrade.RequireComplete())
		wantRefused(t, err, "name missing")
		_, err = top.GetPage(t.Context(), nil)
		if _, is := errors.AsType[*degrade.IncompleteError](err); is || policy.ReasonOf(err) != policy.ReasonIncomplete {
			t.Errorf("not required: %v; want the status", err)
		}
	})
}

// The client checks too: the server may be older, or say nothing at all.
func TestRequireCompleteOnTheClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer := &testv1.GetProfileResponse{}
		client := dial(t, serve(t, &tier{profile: func(context.Context) (*testv1.GetProfileResponse, error) {
			return answer, nil
		}}), readingClient()...)
		for _, said := range []degrade.Report{{}, degrade.NewReport(), degrade.NewReport(stale("name", 1))} {
			degrade.SetResponse(answer, said)
			var r degrade.Report
			_, err := client.GetProfile(t.Context(), nil, degrade.RequireComplete(), degrade.Capture(&r))
			if incomplete, is := errors.AsType[*degrade.IncompleteError](err); is == said.Complete() ||
				is && incomplete.Report.Known() != said.Known() || r.Len() != said.Len() {
				t.Errorf("said %v: %v, captured %v", said.Proto(), err, r.Proto())
			}
		}
	})
}

// What is required of a service is not required of those below it.
func TestRequireCompleteIsNotForwarded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		leaf := start(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			if md, _ := metadata.FromIncomingContext(ctx); degrade.CompleteRequired(ctx) || len(md.Get(degrade.RequireKey)) > 0 {
				t.Errorf("required below: %v", md)
			}
			mark(ctx, t, "name", degrade.Missing)
			return &testv1.GetProfileResponse{}, nil
		}})
		top := start(t, &tier{page: func(ctx context.Context) (*testv1.GetPageResponse, error) {
			_, err := leaf.GetProfile(degrade.Unused(ctx), nil)
			return &testv1.GetPageResponse{}, err
		}})
		if _, err := top.GetPage(t.Context(), nil, degrade.RequireComplete()); err != nil {
			t.Error(err)
		}
	})
}

// Whatever else a client sends under the key, it takes nothing back.
func TestRequireCompleteOnlyTightens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := false
		listener := serve(t, &tier{plain: func(ctx context.Context) (*testv1.GetPlainResponse, error) {
			asked = degrade.CompleteRequired(ctx)
			return &testv1.GetPlainResponse{}, nil
		}}, markingServer()...)
		client := dial(t, listener) // without our interceptors, which would remove the key
		for _, tt := range []struct {
			sent []string
			want bool
		}{
			{nil, false},
			{[]string{""}, false},
			{[]string{"none"}, false},
			{[]string{"partial", "complete"}, true},
			{[]string{"complete", "partial"}, true},
		} {
			ctx := t.Context()
			for _, v := range tt.sent {
				ctx = metadata.AppendToOutgoingContext(ctx, degrade.RequireKey, v)
			}
			if _, err := client.GetPlain(ctx, nil); err != nil || asked != tt.want {
				t.Errorf("sent %q: required %v, %v; want %v", tt.sent, asked, err, tt.want)
			}
		}
		ctx := metadata.AppendToOutgoingContext(t.Context(), degrade.RequireKey, "none")
		if _, err := dial(t, listener, readingClient()...).GetPlain(ctx, nil, degrade.RequireComplete()); err != nil || !asked {
			t.Errorf("required %v, %v", asked, err)
		}
	})
}

func TestDeliverReachesCapturesAndScope(t *testing.T) {
	t.Parallel()
	ctx, scope := degrade.Open(t.Context())
	var got degrade.Report
	opts := []grpc.CallOption{degrade.Capture(&got)}
	if err := degrade.Deliver(degrade.Under(ctx, "profile"), opts, staleAt("avatar")); err != nil {
		t.Error(err)
	}
	if got.State("avatar") != degrade.Stale {
		t.Errorf("captured %v", got.Proto())
	}
	if r := scope.Close(); r.State("profile.avatar") != degrade.Stale {
		t.Errorf("scope says %v", r.Proto())
	}
}

func TestRequiresComplete(t *testing.T) {
	t.Parallel()
	if degrade.RequiresComplete([]grpc.CallOption{grpc.StaticMethod()}) {
		t.Error("found where it is not")
	}
	if !degrade.RequiresComplete([]grpc.CallOption{grpc.StaticMethod(), degrade.RequireComplete()}) {
		t.Error("not found")
	}
}
