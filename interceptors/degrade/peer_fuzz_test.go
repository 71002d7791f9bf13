package degrade_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// FuzzStatus reads anything as the status of a peer's failed call: what it reports is
// bounded, and it can be sent on with a report of one's own.
func FuzzStatus(f *testing.F) {
	for _, details := range [][]proto.Message{
		nil,
		{foul()},
		{degrade.NewReport(sourced("items[*]"), stale("name", time.Hour)).Proto(), degrade.NewReport(missing("avatar")).Proto()},
		{&errdetails.ErrorInfo{Domain: "afloat", Reason: "BULKHEAD_FULL"}, &errdetails.RetryInfo{RetryDelay: &durationpb.Duration{Seconds: 1 << 62}}},
	} {
		s := &spb.Status{Code: int32(codes.Unavailable), Message: "dial tcp 10.0.0.1:443: connection refused"}
		for _, d := range details {
			detail, err := anypb.New(d)
			if err != nil {
				f.Fatal(err)
			}
			s.Details = append(s.Details, detail)
		}
		encoded, err := proto.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Add([]byte("\x08\xff\xff\xff\xff\x0f\x12\x01x")) // code -1
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var s spb.Status
		if proto.Unmarshal(encoded, &s) != nil {
			return
		}
		err := status.ErrorProto(&s)
		r := degrade.FromError(err)
		if r.Known() {
			wantBounded(t, r)
		}
		degrade.ReasonOf(err)
		sent := degrade.WithDetails(status.New(codes.Unavailable, "down"), degrade.Union(r, degrade.NewReport(missing("name"))))
		for _, d := range sent.Proto().GetDetails() {
			if len(d.GetValue()) > degrade.MaxTrailerBytes {
				t.Fatalf("%d bytes of details are sent on", len(d.GetValue()))
			}
		}
	})
}

// FuzzMessage reads anything as a peer's message, with markers in it and in what is
// nested in it: what it reports is bounded, and without its markers it reports nothing.
func FuzzMessage(f *testing.F) {
	for _, m := range []*testv1.GetProfileResponse{
		{},
		{Name: "x", Degradation: foul()},
		{Parent: &testv1.GetProfileResponse{Degradation: foul(), Parent: &testv1.GetProfileResponse{Degradation: foul()}}},
		{Offers: map[string]*testv1.Item{"\x1b[2J": {Seller: &testv1.GetProfileResponse{Degradation: foul()}}}},
	} {
		encoded, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, encoded []byte) {
		m := new(testv1.GetProfileResponse)
		if proto.Unmarshal(encoded, m) != nil {
			return
		}
		before := proto.Clone(m)
		r := degrade.FromResponse(m)
		if r.Known() {
			wantBounded(t, r)
		}
		bare := degrade.Cleared(m)
		if degrade.FromResponse(bare).Known() {
			t.Fatal("markers are left")
		}
		if !proto.Equal(m, before) {
			t.Fatal("the message was written to")
		}
		if again := new(testv1.GetProfileResponse); degrade.SetResponse(again, r) {
			wantSame(t, degrade.FromResponse(again), r)
		}
	})
}

// wantSame checks that two reports have the same markers.
func wantSame(tb testing.TB, got, want degrade.Report) {
	tb.Helper()
	if want.Known() && !slices.EqualFunc(slices.Collect(got.Markers()), slices.Collect(want.Markers()), sameMarker) {
		tb.Fatalf("%v; want %v", got.Proto(), want.Proto())
	}
}

// FuzzRequirement reads anything as what a client requires: only one value requires that
// all be complete, and then an incomplete response is an error.
func FuzzRequirement(f *testing.F) {
	for _, v := range []string{degrade.RequireAll, "", "Complete", "complete ", "\xff", "complete,complete"} {
		f.Add(v, true)
	}
	serve := degrade.UnaryServerInterceptor()
	f.Fuzz(func(t *testing.T, value string, degraded bool) {
		ctx := grpc.NewContextWithServerTransportStream(
			metadata.NewIncomingContext(t.Context(), metadata.Pairs(degrade.RequireKey, value)), new(discarding))
		required := value == degrade.RequireAll
		_, err := serve(ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/a.B/C"}, func(ctx context.Context, _ any) (any, error) {
			if got := degrade.CompleteRequired(ctx); got != required {
				t.Errorf("with %q, required = %v", value, got)
			}
			if degraded {
				return new(testv1.GetProfileResponse), degrade.Mark(ctx, "name", degrade.Missing, degrade.ReasonTimeout)
			}
			return new(testv1.GetProfileResponse), nil
		})
		if (err != nil) != (required && degraded) {
			t.Errorf("required %v, degraded %v: error = %v", required, degraded, err)
		}
	})
}

// discarding is a transport of which nobody reads the metadata.
type discarding struct{}

func (*discarding) Method() string               { return "/a.B/C" }
func (*discarding) SetHeader(metadata.MD) error  { return nil }
func (*discarding) SendHeader(metadata.MD) error { return nil }
func (*discarding) SetTrailer(metadata.MD) error { return nil }
