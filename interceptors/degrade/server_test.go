package degrade_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// A response with room for markers carries them itself. The handler's own
// message is never written to.
func TestMarkersInTheMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := &testv1.GetProfileResponse{Name: "n", Items: []*testv1.Item{{Name: "i"}}}
		before := proto.Clone(shared)
		listener := serve(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			degrade.Add(ctx, degrade.NewReport(stale("items", time.Minute)))
			mark(ctx, t, "avatar", degrade.Missing)
			return shared, nil
		}}, markingServer()...)
		want := []string{"avatar missing", "items stale"}

		var r degrade.Report
		var header, trailer metadata.MD
		got, err := dial(t, listener, readingClient()...).GetProfile(t.Context(), nil,
			degrade.Capture(&r), grpc.Header(&header), grpc.Trailer(&trailer))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(claims(r), want) || r.Age("items") != time.Minute || r.Complete() {
			t.Errorf("Capture: %v, age %v", claims(r), r.Age("items"))
		}
		if summary := header.Get(degrade.SummaryKey); !slices.Equal(summary, []string{"2; missing=1; stale=1"}) {
			t.Errorf("summary = %q", summary)
		}
		if len(trailer.Get(degrade.TrailerKey))+len(trailer.Get(degrade.SummaryKey)) > 0 {
			t.Errorf("trailer = %v; the markers are in the message", trailer)
		}
		if from := degrade.FromResponse(got); !slices.Equal(claims(from), want) {
			t.Errorf("FromResponse: %v", claims(from))
		}
		if !proto.Equal(shared, before) {
			t.Errorf("the handler's message became %v", shared)
		}
	})
}

// Calls that return one shared message, each with other markers, do not meet.
func TestSharedMessageOfManyCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := leaking(nil)
		var calls atomic.Int32
		client := start(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			if calls.Add(1)%2 == 0 {
				mark(ctx, t, "name", degrade.Stale)
			}
			return shared, nil
		}})
		var degraded atomic.Int32
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				got, err := client.GetProfile(t.Context(), nil)
				if err != nil || got.GetParent().GetName() != "nested" {
					t.Errorf("%v, %v", got, err)
				}
				if degrade.FromResponse(got).Known() {
					degraded.Add(1)
				}
			})
		}
		all.Wait()
		if degraded.Load() != 100 || shared.GetDegradation() != nil {
			t.Errorf("%d of 200 are degraded, the shared message says %v", degraded.Load(), shared.GetDegradation())
		}
	})
}

// A client that knows nothing of afloat sees the markers too, and so does who
// reads JSON.
func TestMarkersInTheMessageForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener := serve(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			mark(ctx, t, "avatar", degrade.Missing)
			mark(ctx, t, "items", degrade.Stale)
			return &testv1.GetProfileResponse{Name: "n"}, nil
		}}, markingServer()...)
		want := []string{"avatar missing", "items stale"}
		ignorant, err := dial(t, listener).GetProfile(t.Context(), nil)
		if err != nil || ignorant.GetName() != "n" || len(ignorant.GetDegradation().GetFields()) != 2 {
			t.Errorf("without interceptors: %v, %v", ignorant, err)
		}
		encoded, err := protojson.Marshal(ignorant)
		var again testv1.GetProfileResponse
		if err == nil {
			err = protojson.Unmarshal(encoded, &again)
		}
		if err != nil || !slices.Equal(claims(degrade.FromResponse(&again)), want) || !strings.Contains(string(encoded), "FIELD_STATE_MISSING") {
			t.Errorf("JSON %s, %v", encoded, err)
		}
	})
}

// A response without room for markers has them in the trailer.
func TestMarkersInTheTrailer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener := serve(t, &tier{plain: func(ctx context.Context) (*testv1.GetPlainResponse, error) {
			mark(ctx, t, "text", degrade.Defaulted)
			return &testv1.GetPlainResponse{Text: "?"}, nil
		}}, markingServer()...)
		var r degrade.Report
		var header, trailer metadata.MD
		if _, err := dial(t, listener, readingClient()...).GetPlain(t.Context(), nil,
			grpc.Header(&header), grpc.Trailer(&trailer), degrade.Capture(&r)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(claims(r), []string{"text defaulted"}) {
			t.Errorf("Capture: %v", claims(r))
		}
		var d degradev1.Degradation
		if sent := trailer.Get(degrade.TrailerKey); len(sent) != 1 || proto.Unmarshal(fromText(t, sent[0]), &d) != nil ||
			len(d.GetFields()) != 1 || d.GetFields()[0].GetReason() != degradev1.Reason_REASON_TIMEOUT {
			t.Errorf("trailer = %v", trailer)
		}
		if got := header.Get(degrade.SummaryKey); !slices.Equal(got, []string{"1; defaulted=1"}) {
			t.Errorf("summary = %q", got)
		}
		// Who knows nothing of afloat has the response, also as JSON, and the summary.
		ignorant, err := dial(t, listener).GetPlain(t.Context(), nil, grpc.Header(&header))
		if err != nil || ignorant.GetText() != "?" || !slices.Equal(header.Get(degrade.SummaryKey), []string{"1; defaulted=1"}) {
			t.Errorf("without interceptors: %v, %v, %v", ignorant, header, err)
		}
		encoded, err := protojson.Marshal(ignorant)
		if again := new(testv1.GetPlainResponse); err != nil || protojson.Unmarshal(encoded, again) != nil || !proto.Equal(again, ignorant) {
			t.Errorf("JSON %s, %v", encoded, err)
		}
	})
}

// A complete response says so, and is the handler's very own.
func TestCompleteResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := start(t, &tier{
			profile: func(context.Context) (*testv1.GetProfileResponse, error) {
				return &testv1.GetProfileResponse{Name: "n"}, nil
			},
			plain: func(context.Context) (*testv1.GetPlainResponse, error) { return &testv1.GetPlainResponse{}, nil },
		})
		var inside, beside degrade.Report
		var header, trailer metadata.MD
		profile, err := client.GetProfile(t.Context(), nil, degrade.Capture(&inside))
		if err != nil || !inside.Complete() || profile.GetDegradation() != nil {
			t.Errorf("with room for markers: %v, %v, %v", inside.Complete(), profile, err)
		}
		_, err = client.GetPlain(t.Context(), nil, degrade.Capture(&beside), grpc.Header(&header), grpc.Trailer(&trailer))
		if err != nil || !beside.Complete() || !slices.Equal(header.Get(degrade.SummaryKey), []string{"0"}) {
			t.Errorf("without: %v, %v, %v", beside.Complete(), header, err)
		}
		if len(trailer.Get(degrade.TrailerKey)) > 0 {
			t.Errorf("trailer = %v", trailer)
		}
	})
}

// What a handler wrote into its response and what it marked are one report.
func TestMarkersInTheMessageAndMarkedOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := start(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			resp := &testv1.GetProfileResponse{}
			degrade.SetResponse(resp, degrade.NewReport(missing("avatar"), stale("name", time.Hour)))
			mark(ctx, t, "avatar", degrade.Missing) // the same again
			mark(ctx, t, "tags", degrade.Partial)
			return resp, nil
		}})
		var r degrade.Report
		if _, err := client.GetProfile(t.Context(), nil, degrade.Capture(&r)); err != nil {
			t.Fatal(err)
		}
		if got, want := claims(r), []string{"avatar missing", "name stale", "tags partial"}; !slices.Equal(got, want) {
			t.Errorf("%v; want %v", got, want)
		}
	})
}

// A handler that has sent the headers itself leaves the trailer for the summary.
func TestSummaryAfterTheHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := start(t, &tier{plain: func(ctx context.Context) (*testv1.GetPlainResponse, error) {
			return &testv1.GetPlainResponse{}, grpc.SendHeader(ctx, metadata.Pairs("own", "1"))
		}})
		var r degrade.Report
		var header, trailer metadata.MD
		if _, err := client.GetPlain(t.Context(), nil, degrade.Capture(&r), grpc.Header(&header), grpc.Trailer(&trailer)); err != nil {
			t.Fatal(err)
		}
		if !r.Complete() || len(header.Get("own")) != 1 || len(header.Get(degrade.SummaryKey)) != 0 ||
			!slices.Equal(trailer.Get(degrade.SummaryKey), []string{"0"}) {
			t.Errorf("complete %v, header %v, trailer %v", r.Complete(), header, trailer)
		}
	})
}

// A server that does not know afloat says nothing, which is not "complete".
func TestServerWithoutMarkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener := serve(t, &tier{profile: func(context.Context) (*testv1.GetProfileResponse, error) {
			return &testv1.GetProfileResponse{}, nil
		}})
		r := degrade.NewReport()
		if _, err := dial(t, listener, readingClient()...).GetProfile(t.Context(), nil, degrade.Capture(&r), degrade.Capture(nil)); err != nil || r.Known() {
			t.Errorf("known %v, error %v", r.Known(), err)
		}
	})
}

// A response that a handler took over may have more to say than it names. That is not
// lost beside what the handler says itself, nor is it complete.
func TestWhatAResponseDoesNotNameIsSentOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		marks := false
		listener := serve(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			if marks {
				mark(ctx, t, "name", degrade.Missing)
			}
			return &testv1.GetProfileResponse{Degradation: &degradev1.Degradation{Truncated: true, DroppedCount: 5}}, nil
		}}, markingServer()...)
		client := dial(t, listener, readingClient()...)
		for _, marks = range []bool{false, true} {
			var r degrade.Report
			if _, err := client.GetProfile(t.Context(), nil, degrade.Capture(&r)); err != nil || !r.Truncated() || r.Dropped() != 5 {
				t.Errorf("report = %v, %v; want five fields that are not named", r, err)
			}
			if marked := r.State("name") == degrade.Missing; marked != marks {
				t.Errorf("name is %v", r.State("name"))
			}
			if _, err := client.GetProfile(t.Context(), nil, degrade.RequireComplete()); status.Code(err) != codes.Unavailable {
				t.Errorf("all or nothing: %v; want unavailable", err)
			}
		}
	})
}
