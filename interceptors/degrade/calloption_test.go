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

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
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
		if _, is := errors.AsType[*degrade.IncompleteError](err); is || len(header.Get(degrade.SummaryKey)) > 0 {
			t.Errorf("%v, header %v; want the server's own status", err, header)
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
	degrade.Deliver(degrade.Under(ctx, "profile"), opts, staleAt("avatar"))
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
