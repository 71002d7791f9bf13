package degrade_test

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// most is how many markers of one response are read.
const most = 500

// arrived is what a client makes of a marker in the response of a profile.
func arrived(f ...*degradev1.FieldDegradation) degrade.Report {
	return degrade.FromProto(&degradev1.Degradation{Fields: f}, profileType)
}

func at(path string, s degradev1.FieldState) *degradev1.FieldDegradation {
	return &degradev1.FieldDegradation{Path: path, State: s}
}

// What a peer says that makes no sense, or too much, is cut down to what does.
func TestWhatPeersSayIsCutDown(t *testing.T) {
	t.Parallel()
	const staleState, missingState = degradev1.FieldState_FIELD_STATE_STALE, degradev1.FieldState_FIELD_STATE_MISSING
	long := strings.Repeat("k", degrade.MaxKeyBytes+1)
	tooMany := slices.Repeat([]string{"k"}, degrade.MaxKeys+1)
	for _, tt := range []struct {
		name string
		sent *degradev1.FieldDegradation
		want degrade.Marker
	}{
		{"state of a later version", at("name", 77), degrade.Marker{Path: "name"}},
		{"negative state", at("name", -1), degrade.Marker{Path: "name"}},
		{
			"reason of a later version", &degradev1.FieldDegradation{Path: "name", State: missingState, Reason: 99},
			degrade.Marker{Path: "name", State: degrade.Missing, Reason: degrade.ReasonError},
		},
		{
			"field of a later version", at("items[*].colour.hue", missingState),
			degrade.Marker{Path: "items[*]", State: degrade.Partial},
		},
		{"field that never was", at("x", missingState), degrade.Marker{State: degrade.Partial}},
		{
			"age of what is not stale", &degradev1.FieldDegradation{Path: "name", State: missingState, Age: durationpb.New(time.Hour)},
			degrade.Marker{Path: "name", State: degrade.Missing},
		},
		{
			"negative age", &degradev1.FieldDegradation{Path: "name", State: staleState, Age: durationpb.New(-time.Hour)},
			degrade.Marker{Path: "name", State: degrade.Stale},
		},
		{
			"age that is none", &degradev1.FieldDegradation{Path: "name", State: staleState, Age: &durationpb.Duration{Seconds: 1, Nanos: -1}},
			degrade.Marker{Path: "name", State: degrade.Stale},
		},
		{
			"age beyond all", &degradev1.FieldDegradation{Path: "name", State: staleState, Age: &durationpb.Duration{Seconds: 315_576_000_000}},
			degrade.Marker{Path: "name", State: degrade.Stale, Age: math.MaxInt64},
		},
		{
			"keys of what has none",
			&degradev1.FieldDegradation{Path: "name", State: missingState, ElementKeys: []string{"a"}, ElementCount: 9},
			degrade.Marker{Path: "name", State: degrade.Missing},
		},
		{
			"long keys", &degradev1.FieldDegradation{Path: "items[*]", State: missingState, ElementKeys: []string{long, "a"}},
			degrade.Marker{Path: "items[*]", State: degrade.Missing, Keys: []string{"a"}, Count: 2},
		},
		{
			"many keys", &degradev1.FieldDegradation{Path: "items[*]", State: missingState, ElementKeys: tooMany},
			degrade.Marker{Path: "items[*]", State: degrade.Missing, Keys: tooMany[:degrade.MaxKeys], Count: degrade.MaxKeys + 1},
		},
		{
			"huge count", &degradev1.FieldDegradation{Path: "items[*]", State: missingState, ElementCount: math.MaxUint32},
			degrade.Marker{Path: "items[*]", State: degrade.Missing, Count: math.MaxInt32},
		},
		{
			"source", &degradev1.FieldDegradation{Path: "name", State: missingState, SourceInfo: &degradev1.SourceInfo{
				Source: long, Origin: strings.Repeat("é", 100), Code: -5, Elapsed: durationpb.New(-1), Hops: math.MaxUint32,
			}},
			degrade.Marker{Path: "name", State: degrade.Missing, Source: degrade.Source{
				Name: long[:128], Origin: strings.Repeat("é", 64), Code: codes.OK, Hops: degrade.MaxHops,
			}},
		},
	} {
		r := arrived(tt.sent)
		if got := slices.Collect(r.Markers()); len(got) != 1 || !sameMarker(got[0], tt.want) || r.Truncated() {
			t.Errorf("%s: %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
}

// What cannot be read is counted, and the response is not complete.
func TestWhatCannotBeReadIsCounted(t *testing.T) {
	t.Parallel()
	beyond := make([]*degradev1.FieldDegradation, most+20)
	for i := range beyond {
		beyond[i] = at(degrade.Key("offers", strconv.Itoa(i)), degradev1.FieldState_FIELD_STATE_MISSING)
	}
	beyond[most+7] = &degradev1.FieldDegradation{Path: "items[*]", ElementCount: 5}
	for _, tt := range []struct {
		name         string
		sent         *degradev1.Degradation
		len, dropped int
	}{
		{"malformed path", &degradev1.Degradation{Fields: []*degradev1.FieldDegradation{at("a[", 1), at("name", 1)}}, 1, 1},
		{"path too long", &degradev1.Degradation{Fields: []*degradev1.FieldDegradation{at(strings.Repeat("a", 257), 1)}}, 0, 1},
		{"path too deep", &degradev1.Degradation{Fields: []*degradev1.FieldDegradation{at(strings.Repeat("a.", 16)+"a", 1)}}, 0, 1},
		{"more than are read", &degradev1.Degradation{Fields: beyond}, most, 24},
		{"dropped but not truncated", &degradev1.Degradation{DroppedCount: 3}, 0, 3},
		{"truncated but none dropped", &degradev1.Degradation{Truncated: true}, 0, 0},
		{"dropped without end", &degradev1.Degradation{
			DroppedCount: math.MaxUint32, Fields: []*degradev1.FieldDegradation{at("a[", 1)},
		}, 0, math.MaxInt32},
	} {
		r := degrade.FromProto(tt.sent, profileType)
		if r.Len() != tt.len || r.Dropped() != tt.dropped || !r.Truncated() || r.Complete() || r.State("tags") != degrade.Unknown {
			t.Errorf("%s: %d markers, %d dropped, truncated %v, tags %v; want %d, %d",
				tt.name, r.Len(), r.Dropped(), r.Truncated(), r.State("tags"), tt.len, tt.dropped)
		}
	}
}

func TestMetadataOfPeers(t *testing.T) {
	t.Parallel()
	encoded := func(r degrade.Report) string {
		b, err := proto.Marshal(r.Proto())
		if err != nil {
			t.Fatal(err)
		}
		return asText(string(b))
	}
	summary := func(values ...string) metadata.MD { return metadata.MD{degrade.SummaryKey: values} }
	trailer := func(values ...string) metadata.MD { return metadata.MD{degrade.TrailerKey: values} }
	for _, tt := range []struct {
		name            string
		header, trailer metadata.MD
		want            string
	}{
		{"nothing", nil, nil, ""},
		{"complete", summary("0"), nil, "0"},
		{"complete, with spaces", summary(" 0 ; "), nil, "0"},
		{"complete, in the trailer", nil, summary("0"), "0"},
		{"markers", summary("1; missing=1"), trailer(encoded(degrade.NewReport(missing("name")))), "1; missing=1"},
		{"markers that were dropped on the way", summary("3; missing=3"), nil, "3"},
		{"a summary that is none", summary("many"), nil, "1"},
		{"a huge one", summary("99999999999999999999"), nil, "2147483647"},
		{"a negative one", summary("-1"), nil, "1"},
		{"markers with padding", nil, trailer(encoded(degrade.NewReport(missing("name"))) + "=="), "1; missing=1"},
		{"a trailer that is none", nil, trailer(asText("\xff\xff")), "1"},
		{"a trailer that is not even text", nil, trailer("\x0a\x00", "\x0a\x06\x0a\x04name"), "1"},
		{"a trailer beyond all", nil, trailer(asText(strings.Repeat("\x0a\x00", 40<<10))), "1"},
		{"an empty trailer", nil, trailer(""), "0"},
		{"a handler that passes headers on", summary("0", "2; stale=2"), nil, "2"},
		{
			"a handler that passes trailers on", nil,
			trailer(encoded(degrade.NewReport()), encoded(degrade.NewReport(missing("name")))), "1; missing=1",
		},
	} {
		r := degrade.FromMetadata(tt.header, tt.trailer, profileType)
		if got := r.Summary(); got != tt.want || r.Complete() != (tt.want == "0") {
			t.Errorf("%s: %q, complete %v; want %q", tt.name, got, r.Complete(), tt.want)
		}
	}
}

// Whatever a server sends beside its response, the call succeeds, and its
// response is not taken for complete.
func TestHostileMetadataFailsNoCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var header, trailer metadata.MD
		client := dial(t, serve(t, &tier{plain: func(ctx context.Context) (*testv1.GetPlainResponse, error) {
			return &testv1.GetPlainResponse{Text: "here"}, errorsOf(grpc.SetHeader(ctx, header), grpc.SetTrailer(ctx, trailer))
		}}), readingClient()...)
		for name, hostile := range map[string]metadata.MD{
			"garbage":      {degrade.TrailerKey: {asText("\x00\xff\x0a")}},
			"no text":      {degrade.TrailerKey: {"!?"}},
			"a summary":    {degrade.SummaryKey: {"0x0; missing=%s%n"}},
			"much":         {degrade.TrailerKey: {asText(strings.Repeat("\x0a\x00", 60<<10))}},
			"many markers": {degrade.TrailerKey: {asText(strings.Repeat("\x0a\x03\x0a\x01a", 10<<10))}},
		} {
			for _, header = range []metadata.MD{nil, hostile} {
				trailer = hostile
				var r degrade.Report
				got, err := client.GetPlain(t.Context(), nil, degrade.Capture(&r))
				if err != nil || got.GetText() != "here" || !r.Known() || r.Complete() {
					t.Errorf("%s: %v, %v, complete %v", name, got, err, r.Complete())
				}
			}
		}
	})
}

// The same of markers within a response and in the details of an error.
func TestHostileMarkersFailNoCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var hostile *degradev1.Degradation
		client := dial(t, serve(t, &tier{
			profile: func(context.Context) (*testv1.GetProfileResponse, error) {
				return &testv1.GetProfileResponse{Name: "here", Degradation: hostile}, nil
			},
			plain: func(context.Context) (*testv1.GetPlainResponse, error) {
				s, err := status.New(codes.Aborted, "no").WithDetails(protoadapt.MessageV1Of(hostile))
				return nil, errorsOf(err, s.Err())
			},
		}), readingClient()...)
		many := make([]*degradev1.FieldDegradation, 20*most)
		for i := range many {
			many[i] = at(degrade.Key("offers", strconv.Itoa(i)), degradev1.FieldState_FIELD_STATE_MISSING)
		}
		long := at("name", 1)
		long.ElementKeys, long.SourceInfo = []string{strings.Repeat("k", 1<<20)}, &degradev1.SourceInfo{Source: strings.Repeat("s", 1<<20)}
		var name string
		for name, hostile = range map[string]*degradev1.Degradation{
			"foul": foul(), "many": {Fields: many}, "long": {Fields: []*degradev1.FieldDegradation{long}},
			"raw": {Fields: []*degradev1.FieldDegradation{at("offers[\"\x1b[31m\\n\"]", 1), at("\x1b[31m", 77)}},
		} {
			var r degrade.Report
			ctx, scope := degrade.Open(t.Context())
			got, err := client.GetProfile(degrade.Under(ctx, ""), nil, degrade.Capture(&r))
			if err != nil || got.GetName() != "here" || r.Complete() {
				t.Errorf("%s: %v, %v, complete %v", name, got.GetName(), err, r.Complete())
			}
			wantBounded(t, r)
			wantBounded(t, scope.Close())
			_, err = client.GetPlain(t.Context(), nil, degrade.Capture(&r))
			if status.Code(err) != codes.Aborted || r.Complete() {
				t.Errorf("%s: error = %v, complete %v", name, err, r.Complete())
			}
			wantBounded(t, r)
		}
	})
}

// An age that is not known is none, on the wire too.
func TestAgeThatIsNotKnown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		marker degrade.Marker
		known  bool
	}{{stale("name", 0), false}, {stale("name", 1), true}} {
		if f := degrade.NewReport(tt.marker).Proto().GetFields()[0]; (f.GetAge() != nil) != tt.known {
			t.Errorf("marker = %v", f)
		}
	}
}
