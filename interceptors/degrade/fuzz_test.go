package degrade_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
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
	f.Fuzz(func(t *testing.T, encoded []byte, summary string) {
		trailer := metadata.MD{degrade.TrailerKey: {asText(string(encoded))}}
		wantBounded(t, degrade.FromMetadata(metadata.MD{degrade.SummaryKey: {summary}}, nil, profileType))
		wantBounded(t, degrade.FromMetadata(nil, metadata.MD{degrade.TrailerKey: {summary}}, profileType))
		wantBounded(t, degrade.FromMetadata(nil, trailer, profileType))
		wantBounded(t, degrade.FromMetadata(nil, trailer, nil))
		var d degradev1.Degradation
		if proto.Unmarshal(encoded, &d) == nil {
			wantBounded(t, degrade.FromProto(&d, profileType))
		}
	})
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
