package degrade_test

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// FuzzDecode reads anything as markers of a peer: in a trailer, in a message.
func FuzzDecode(f *testing.F) {
	for _, d := range []*degradev1.Degradation{
		{},
		foul(), degrade.NewReport(sourced("items[*]"), stale("name", time.Hour)).Proto(),
		{Truncated: true, DroppedCount: math.MaxUint32},
		{Fields: []*degradev1.FieldDegradation{at("offers[\"\x1b[31m\"]", 9)}},
	} {
		encoded, err := proto.Marshal(d)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded, "1; missing=1")
	}
	f.Add([]byte(strings.Repeat("\x0a\x00", most)+"\x0a\x02\x30\x05\x18\x07\x10\x01\x0a\x00"), "0") // tiny ones, and what follows them
	f.Add([]byte(strings.Repeat("\x0a\x06\x0a\x04a[*]\x2a\x01k", most+1)), "2147483648; stale=1")   // the same again and again
	f.Fuzz(func(t *testing.T, encoded []byte, summary string) {
		trailer := metadata.MD{degrade.TrailerKey: {asText(string(encoded))}}
		wantBounded(t, degrade.FromMetadata(metadata.MD{degrade.SummaryKey: {summary}}, nil, profileType))
		wantBounded(t, degrade.FromMetadata(nil, metadata.MD{degrade.TrailerKey: {summary}}, profileType))
		wantBounded(t, degrade.FromMetadata(nil, trailer, profileType))
		wantBounded(t, degrade.FromMetadata(nil, trailer, nil))
		var d degradev1.Degradation
		if proto.Unmarshal(encoded, &d) == nil {
			inside, beside := degrade.FromProto(&d, profileType), degrade.FromMetadata(nil, trailer, profileType)
			wantBounded(t, inside)
			if len(encoded) <= 64<<10 && !proto.Equal(inside.Proto(), beside.Proto()) {
				t.Fatalf("in a message %v\nin a trailer %v", inside.Proto(), beside.Proto())
			}
			wantClaimed(t, &d)
		}
	})
}

// wantClaimed checks that a scope which is full says the same, whether a report on a
// response is read for it or was read before.
func wantClaimed(tb testing.TB, d *degradev1.Degradation) {
	tb.Helper()
	full := func() (context.Context, *degrade.Scope) {
		ctx, scope := degrade.Open(tb.Context())
		ctx = degrade.Under(ctx, "parent")
		degrade.Merge(ctx, degrade.FromProto(d, profileType)) // what is there already
		for i := range 3 {
			degrade.Merge(ctx, degrade.FromProto(hostile(strconv.Itoa(i)+"_", most), profileType))
		}
		return ctx, scope
	}
	read, before := full()
	degrade.Merge(read, degrade.FromProto(d, profileType))
	call, scope := full()
	client := degrade.UnaryClientInterceptor()
	reply := answers(&testv1.GetProfileResponse{Degradation: d}, nil, nil)
	if err := client(call, "/m", nil, new(testv1.GetProfileResponse), nil, reply); err != nil {
		tb.Fatal(err)
	}
	a, b := before.Close(), scope.Close()
	if a.Len() != most || b.Len() != most || a.Truncated() != b.Truncated() {
		tb.Fatalf("%d and %d markers, truncated %v and %v", a.Len(), b.Len(), a.Truncated(), b.Truncated())
	}
	wantBounded(tb, b)
}

func bounded(m degrade.Marker) bool {
	return degrade.CheckPath(m.Path) == nil && m.State != degrade.Intact && m.State <= degrade.Partial &&
		m.Age >= 0 && m.Count >= 0 && len(m.Keys) <= min(m.Count, degrade.MaxKeys) &&
		m.Source.Hops <= degrade.MaxHops && len(m.Source.Name+m.Source.Origin+m.Source.Fallback) <= 3*128
}

// wantBounded checks that what came from a peer can be kept, shown and sent on.
func wantBounded(tb testing.TB, r degrade.Report) {
	tb.Helper()
	if !r.Known() || r.Len() > most || r.Dropped() < 0 || r.Dropped() > math.MaxInt32 {
		tb.Fatalf("known %v, %d markers, %d dropped", r.Known(), r.Len(), r.Dropped())
	}
	for m := range r.Markers() {
		if !bounded(m) {
			tb.Fatalf("marker %+v", m)
		}
	}
	again := degrade.FromProto(r.Proto(), nil)
	if !slices.EqualFunc(slices.Collect(r.Markers()), slices.Collect(again.Markers()), sameMarker) {
		tb.Fatalf("%v\nsent on: %v", r.Proto(), again.Proto())
	}
	if err := r.Err(); err != nil && strings.ContainsFunc(err.Error(), unicode.IsControl) {
		tb.Fatalf("raw in the error: %q", err)
	}
	if size := proto.Size(degrade.Capped(r, degrade.MaxTrailerBytes)); size > degrade.MaxTrailerBytes {
		tb.Fatalf("%d bytes to send on", size)
	}
}
