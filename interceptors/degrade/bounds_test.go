package degrade_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
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

// mostBytes is how large the markers of one report may be: so much detail, and as many
// markers with the longest of paths.
const mostBytes = 256<<10 + most*(degrade.MaxPathBytes+32) + 128<<10

// hostile is a report of n markers of values of a map, whose keys begin with a letter.
func hostile(letter string, n int) *degradev1.Degradation { return hostileIn("offers", letter, n) }

// hostileIn is a report of n markers of values of the map at path.
func hostileIn(path, letter string, n int) *degradev1.Degradation {
	d := &degradev1.Degradation{}
	for i := range n {
		d.Fields = append(d.Fields, at(degrade.Key(path, letter+strconv.Itoa(i)), degradev1.FieldState_FIELD_STATE_STALE))
	}
	return d
}

// verbose is a report whose markers have as many names as they may, and long ones.
func verbose() *degradev1.Degradation {
	d := &degradev1.Degradation{}
	for i := range most {
		f := at(fmt.Sprintf("f%d[*]", i), degradev1.FieldState_FIELD_STATE_MISSING)
		for k := range degrade.MaxKeys {
			f.ElementKeys = append(f.ElementKeys, strings.Repeat("k", degrade.MaxKeyBytes-4)+strconv.Itoa(1000+k))
		}
		long := strings.Repeat("s", 1<<10)
		f.SourceInfo = &degradev1.SourceInfo{Source: long, Origin: long, Fallback: long}
		d.Fields = append(d.Fields, f)
	}
	return d
}

// wantWithin checks the bounds of a report and that it speaks of so many fields.
func wantWithin(tb testing.TB, what string, r degrade.Report, fields int) {
	tb.Helper()
	if size := proto.Size(r.Proto()); r.Len() > most || size > mostBytes {
		tb.Errorf("%s: %d markers, %d bytes; want at most %d, %d", what, r.Len(), size, most, mostBytes)
	}
	if told(r) != fields || r.Truncated() != (r.Dropped() > 0) {
		tb.Errorf("%s: %d fields, %d of them dropped, truncated %v; want %d", what, told(r), r.Dropped(), r.Truncated(), fields)
	}
}

// However a report comes about, it has no more markers than one that was read off the
// wire, and what has no room is counted.
func TestEveryReportIsBounded(t *testing.T) {
	t.Parallel()
	const parts = 40
	reports := make([]degrade.Report, parts)
	var all []degrade.Marker
	for i := range reports {
		reports[i] = degrade.FromProto(hostile(string(rune('a'+i%26))+strconv.Itoa(i)+"_", most), profileType)
		all = append(all, slices.Collect(reports[i].Markers())...)
	}
	wantWithin(t, "made", degrade.NewReport(all...), parts*most)
	wantWithin(t, "united", degrade.Union(reports...), parts*most)
	wantWithin(t, "moved and united", degrade.Union(reports[0].At("parent"), reports[1].At("parent")), 2*most)
	wantWithin(t, "in a message that was never sent",
		degrade.FromResponse(&testv1.GetProfileResponse{Degradation: hostile("a", 3*most)}), 3*most)
	for name, into := range map[string]func(ctx context.Context, r degrade.Report){
		"added": degrade.Add, "merged": degrade.Merge,
		"delivered": func(ctx context.Context, r degrade.Report) { _ = degrade.Deliver(ctx, nil, r) },
	} {
		ctx, scope := degrade.Open(t.Context())
		for _, r := range reports {
			into(degrade.Under(ctx, "parent"), r)
			into(degrade.Under(ctx, "parent"), reports[0]) // what is there already needs no room
		}
		wantWithin(t, name, scope.Close(), parts*most)
	}
}

// Of too many markers, the worst are kept.
func TestTheWorstMarkersAreKept(t *testing.T) {
	t.Parallel()
	lenient := degrade.FromProto(hostile("a", most), profileType)
	severe := degrade.NewReport(missing("name"), missing("avatar"))
	for name, r := range map[string]degrade.Report{
		"united": degrade.Union(lenient, severe),
		"made":   degrade.NewReport(append(slices.Collect(lenient.Markers()), slices.Collect(severe.Markers())...)...),
	} {
		wantWithin(t, name, r, most+2)
		if r.State("name") != degrade.Missing || r.State("avatar") != degrade.Missing || r.Dropped() != 2 {
			t.Errorf("%s: name %v, avatar %v, %d dropped; want the two that are missing", name, r.State("name"), r.State("avatar"), r.Dropped())
		}
	}
}

// Names of elements and of sources are bounded together. Markers beyond that bound have
// none, and count as many elements.
func TestNamesAreBoundedInAllMarkersTogether(t *testing.T) {
	t.Parallel()
	const fields = most * degrade.MaxKeys
	r := degrade.FromProto(verbose(), nil)
	wantWithin(t, "read", r, fields)
	named := slices.DeleteFunc(slices.Collect(r.Markers()), func(m degrade.Marker) bool { return len(m.Keys) == 0 })
	if len(named) == 0 || len(named) == most || named[0].Source.Name == "" {
		t.Errorf("%d of %d markers have names; want the first", len(named), r.Len())
	}
	var given []degrade.Marker
	for i, f := range verbose().GetFields() {
		given = append(given, degrade.Marker{Path: "g" + strconv.Itoa(i) + "[*]", State: degrade.Missing, Keys: f.GetElementKeys()})
	}
	wantWithin(t, "made", degrade.NewReport(given...), fields)
	ctx, scope := degrade.Open(t.Context())
	for range 3 {
		degrade.Merge(degrade.Under(ctx, ""), r)
	}
	if got := scope.Close(); got.Len() != most || proto.Size(got.Proto()) > mostBytes {
		t.Errorf("merged: %d markers, %d bytes", got.Len(), proto.Size(got.Proto()))
	}
	// In one marker too, whose names come one report after the other.
	ctx, scope = degrade.Open(t.Context())
	for i := range 2 * most {
		degrade.Merge(degrade.Under(ctx, ""), degrade.NewReport(degrade.Marker{
			Path: "items[*]", State: degrade.Missing, Keys: []string{strconv.Itoa(i)},
		}))
	}
	wantWithin(t, "one after the other", scope.Close(), 2*most)
}

// answers is an invoker that answers every call with what a peer sent.
func answers(reply *testv1.GetProfileResponse, trailer metadata.MD, err error) grpc.UnaryInvoker {
	return func(_ context.Context, _ string, _, into any, _ *grpc.ClientConn, opts ...grpc.CallOption) error {
		if reply != nil {
			into.(*testv1.GetProfileResponse).Degradation = reply.GetDegradation() //nolint:errcheck,forcetypeassert // the test's own
		}
		for _, o := range opts {
			if o, ok := o.(grpc.TrailerCallOption); ok {
				*o.TrailerAddr = trailer
			}
		}
		return err
	}
}

// Once a scope is full, a peer's response costs a look at each of its markers, and they
// are counted without being read. One whose use nobody stated is never read further than
// to its first marker, and the details of an error that nobody asked for not at all.
func TestHostileResponsesUnderOneScope(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	responses := 1000
	if raceEnabled {
		responses = 100 // allocations are not counted
	}
	client := degrade.UnaryClientInterceptor()
	details, err := status.New(codes.Aborted, "no").WithDetails(protoadapt.MessageV1Of(hostile("d", most)))
	if err != nil {
		t.Fatal(err)
	}
	first := &testv1.GetProfileResponse{Degradation: hostile("first", most+1)}
	reply := &testv1.GetProfileResponse{Degradation: hostile("z", most)}
	beside, err := proto.Marshal(reply.GetDegradation())
	if err != nil {
		t.Fatal(err)
	}
	trailer := metadata.MD{degrade.TrailerKey: {asText(string(beside))}}
	for _, tt := range []struct {
		name    string
		invoke  grpc.UnaryInvoker
		unclear bool
		allocs  float64
		fields  int // per response
	}{
		{name: "others", invoke: answers(reply, nil, nil), allocs: 10, fields: most},
		{name: "in trailers", invoke: answers(nil, trailer, nil), allocs: 4 * most, fields: most}, // what protobuf allocates
		{name: "the same", invoke: answers(first, nil, nil), allocs: most + 30, fields: 1},
		{name: "unclear", invoke: answers(reply, nil, nil), unclear: true, allocs: 30},
		{name: "failed", invoke: answers(nil, nil, details.Err()), allocs: 10},
	} {
		ctx, scope := degrade.Open(t.Context())
		want := 0
		if !tt.unclear {
			ctx, want = degrade.Under(ctx, "parent"), most+1+responses*tt.fields
			if err := client(ctx, "/m", nil, new(testv1.GetProfileResponse), nil, answers(first, nil, nil)); err != nil {
				t.Fatal(err)
			}
			// The one that had no room makes the scope full.
			degrade.Merge(ctx, degrade.FromProto(hostile("first", 1), profileType))
		}
		into, calls := new(testv1.GetProfileResponse), 0
		call := func() {
			calls++
			_ = client(ctx, "/m", nil, into, nil, tt.invoke)
		}
		call()
		if got := testing.AllocsPerRun(responses-2, call); got > tt.allocs && !raceEnabled {
			t.Errorf("%s: %v allocations per response; want at most %v", tt.name, got, tt.allocs)
		}
		if r := scope.Close(); tt.unclear {
			if !slices.Equal(claims(r), []string{" partial"}) || r.Truncated() {
				t.Errorf("%s: %v", tt.name, r)
			}
		} else if calls != responses || r.Len() != most || r.Dropped() != want-most {
			t.Errorf("%s: %d markers, %d dropped after %d calls; want %d, %d", tt.name, r.Len(), r.Dropped(), calls, most, want-most)
		}
	}
}

// Calls that end at the same time, while their scope becomes full, lose no count.
func TestHostileResponsesAtOnce(t *testing.T) {
	t.Parallel()
	const callers, calls = 8, 10
	client := degrade.UnaryClientInterceptor()
	ctx, scope := degrade.Open(t.Context())
	ctx = degrade.Under(ctx, "parent")
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for k := range calls {
				reply := &testv1.GetProfileResponse{Degradation: hostile(fmt.Sprintf("%d_%d_", i, k), most/3)}
				if err := client(ctx, "/m", nil, new(testv1.GetProfileResponse), nil, answers(reply, nil, nil)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	wantWithin(t, "all", scope.Close(), callers*calls*(most/3))
}

// A report in a trailer or in an error is read up to a bound, and beyond it the response
// is known to be incomplete.
func TestReportsBesideAResponseAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	large, err := status.New(codes.Aborted, "no").WithDetails(protoadapt.MessageV1Of(verbose()))
	if err != nil {
		t.Fatal(err)
	}
	if r := degrade.FromError(large.Err()); r.Len() != 0 || !r.Truncated() || r.Dropped() != 1 {
		t.Errorf("%d markers, %d dropped; want that it is not read", r.Len(), r.Dropped())
	}
	small, err := status.New(codes.Aborted, "no").WithDetails(protoadapt.MessageV1Of(hostile("a", 2*most)))
	if err != nil {
		t.Fatal(err)
	}
	wantWithin(t, "details", degrade.FromError(small.Err()), 2*most)
}

// A trailer of the smallest markers, which would become a hundred times as large, costs
// what those markers do that are read. The others are counted as they are in a message.
func TestTinyMarkersInATrailer(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	tiny := strings.Repeat("\x0a\x00", 30<<10)
	trailer := metadata.MD{degrade.TrailerKey: {asText(tiny)}}
	if r := degrade.FromMetadata(nil, trailer, nil); r.Len() != 1 || r.Dropped() != 30<<10-most {
		t.Errorf("%d markers, %d dropped", r.Len(), r.Dropped())
	}
	if got := testing.AllocsPerRun(10, func() { degrade.FromMetadata(nil, trailer, nil) }); got > 2*most && !raceEnabled {
		t.Errorf("%v allocations", got)
	}
	var d degradev1.Degradation
	last, err := proto.Marshal(&degradev1.Degradation{DroppedCount: 7, Fields: []*degradev1.FieldDegradation{{Path: "a[*]", ElementCount: 5}}})
	if err != nil || proto.Unmarshal(append([]byte(tiny), last...), &d) != nil {
		t.Fatal(err)
	}
	trailer = metadata.MD{degrade.TrailerKey: {asText(tiny + string(last))}}
	if got, want := degrade.FromMetadata(nil, trailer, nil), degrade.FromProto(&d, nil); got.Dropped() != want.Dropped() || got.Len() != want.Len() {
		t.Errorf("%d markers, %d dropped; want %d, %d", got.Len(), got.Dropped(), want.Len(), want.Dropped())
	}
}

// What a handler passes on from below has no more markers than what it says itself, in
// responses and in each message of a stream. The handler's message stays as it is.
func TestServersSendBoundedMarkers(t *testing.T) {
	t.Parallel()
	const many = 3 * most
	for _, edge := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			profile := &testv1.GetProfileResponse{Degradation: hostile("a", many)}
			message := &testv1.WatchProfilesResponse{Degradation: hostileIn("profile.offers", "a", many)}
			var opts []degrade.ServerOption
			if edge {
				opts = append(opts, degrade.WithEdge())
			}
			client := dial(t, serve(t, &tier{
				profile: func(context.Context) (*testv1.GetProfileResponse, error) { return profile, nil },
				watch: func(w grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
					return errorsOf(w.Send(message), w.Send(&testv1.WatchProfilesResponse{Degradation: hostileIn("profile.offers", "b", 1)}))
				},
			}, markingServer(opts...)...))
			got, err := client.GetProfile(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			wantSent(t, got.GetDegradation(), many)
			s, err := client.WatchProfiles(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, fields := range []int{many, 1} {
				m, err := s.Recv()
				if err != nil {
					t.Fatal(err)
				}
				wantSent(t, m.GetDegradation(), fields)
			}
			if len(profile.GetDegradation().GetFields()) != many || len(message.GetDegradation().GetFields()) != many {
				t.Error("the handler's message was written to")
			}
		})
	}
}

// wantSent checks that markers were sent that are within the bounds, about so many fields.
func wantSent(tb testing.TB, d *degradev1.Degradation, fields int) {
	tb.Helper()
	sent := len(d.GetFields())
	if dropped := int(d.GetDroppedCount()); sent != min(fields, most) || sent+dropped != fields || d.GetTruncated() != (dropped > 0) {
		tb.Errorf("%d markers, %d dropped; want %d together, at most %d markers", sent, dropped, fields, most)
	}
}

// A report that is merged again and again, as for each element of a list, counts its
// elements once, however many they are.
func TestReportsThatAreMergedAgain(t *testing.T) {
	t.Parallel()
	var given []degrade.Marker
	for i := range most {
		m := degrade.Marker{Path: fmt.Sprintf("f%d[*]", i), State: degrade.Missing}
		for k := range degrade.MaxKeys {
			m.Keys = append(m.Keys, strconv.Itoa(k))
		}
		given = append(given, m)
	}
	r := degrade.NewReport(given...)
	ctx, scope := degrade.Open(t.Context())
	var elements degrade.Accumulator
	for range 5 {
		degrade.Merge(degrade.Under(ctx, "parent"), r)
		elements.Add(r)
	}
	wantWithin(t, "merged", scope.Close(), most*degrade.MaxKeys)
	wantWithin(t, "accumulated", elements.Report("items[*]"), most*degrade.MaxKeys)
}

// Names that are said again and again are counted once, however many there are, and in
// whatever order they come.
func TestNamesThatAreSaidAgain(t *testing.T) {
	t.Parallel()
	var keys []string
	for i := range degrade.MaxKeys {
		keys = append(keys, strconv.Itoa(i))
	}
	backwards := slices.Clone(keys)
	slices.Reverse(backwards)
	about := func(keys []string, count int) degrade.Report {
		return degrade.NewReport(degrade.Marker{Path: "items[*]", State: degrade.Missing, Keys: keys, Count: count})
	}
	for _, tt := range []struct {
		name          string
		first, second []string
		count, want   int
	}{
		{"the same", keys, keys, 0, degrade.MaxKeys},
		{"backwards", keys, backwards, 0, degrade.MaxKeys},
		{"a few again", keys, keys[3:7], 0, degrade.MaxKeys},
		{"others", keys[:50], keys[40:90], 0, 90},
		{"more than are named", keys[:50], keys[40:90], 70, 110},
		{"without end", keys[:1], keys[1:2], math.MaxInt32, math.MaxInt32},
	} {
		r := degrade.Union(about(tt.first, 0), about(tt.second, tt.count))
		if told(r) != tt.want || r.Len() != 1 {
			t.Errorf("%s: %d elements in %d markers; want %d", tt.name, told(r), r.Len(), tt.want)
		}
	}
}
