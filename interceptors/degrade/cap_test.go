package degrade_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// told is how many fields a report speaks of, those without a marker included.
func told(r degrade.Report) int {
	n := r.Dropped()
	for m := range r.Markers() {
		n += max(1, m.Count)
	}
	return n
}

// Under a cap that shrinks, a report loses the least first: it puts values of a
// map together, leaves out what is for operators, then the names of elements,
// and at last the markers that are the least severe, which it counts.
func TestCapTakesTheLeastFirst(t *testing.T) {
	t.Parallel()
	markers := []degrade.Marker{
		{Path: "name", State: degrade.Substituted},
		{Path: "text", State: degrade.Stale, Age: time.Minute},
		{Path: "tags", State: degrade.Partial},
		{Path: "rank", State: degrade.Defaulted},
	}
	for i := range 40 {
		m := sourced(degrade.Key("offers", "offer "+strconv.Itoa(i)))
		markers = append(markers, m)
	}
	r := degrade.NewReport(markers...)
	plain := []string{"name substituted", "rank defaulted", "tags partial", "text stale"}
	together := slices.Insert(slices.Clone(plain), 1, "offers[*] missing")
	type seen struct {
		claims                 []string
		named, sourced, counts bool
	}
	// With a byte less than it needs, the next thing goes.
	var steps []seen
	for size := proto.Size(r.Proto()); size > 30; {
		d := degrade.Capped(r, size)
		got := degrade.FromProto(d, nil)
		s := seen{claims: claims(got), counts: got.Truncated()}
		for m := range got.Markers() {
			s.named = s.named || len(m.Keys) > 0
			s.sourced = s.sourced || m.Source != degrade.Source{}
		}
		if told(got) != 44 || proto.Size(d) > size {
			t.Errorf("in %d of %d bytes %d fields; want 44: %v", proto.Size(d), size, told(got), d)
		}
		steps = append(steps, s)
		size = proto.Size(d) - 1
	}
	want := []seen{
		{claims(r), false, true, false},
		{together, true, true, false},
		{together, true, false, false},
		{together, false, false, false},
		{[]string{"offers[*] missing", "rank defaulted", "tags partial", "text stale"}, false, false, true},
		{[]string{"offers[*] missing", "rank defaulted", "tags partial"}, false, false, true},
		{[]string{"offers[*] missing", "rank defaulted"}, false, false, true},
	}
	for i, w := range want {
		if i >= len(steps) || !slices.Equal(steps[i].claims, w.claims) ||
			steps[i].named != w.named || steps[i].sourced != w.sourced || steps[i].counts != w.counts {
			t.Fatalf("step %d: %+v\nwant %+v", i, steps[i], w)
		}
	}
}

// Room is used to the last byte, beside what the count may need.
func TestCapUsesAllRoom(t *testing.T) {
	t.Parallel()
	r := degrade.NewReport(missing("name"), stale("avatar", time.Hour))
	count := &degradev1.Degradation{Truncated: true, DroppedCount: 1<<32 - 1}
	exact := proto.Size(count) + proto.Size(degrade.NewReport(missing("name")).Proto())
	for size, want := range map[int]int{exact: 1, exact - 1: 0} {
		if d := degrade.Capped(r, size); len(d.GetFields()) != want {
			t.Errorf("in %d bytes: %v; want %d markers", size, d, want)
		}
	}
}

// Capping allocates with the markers that are sent, however many there are, of whatever
// kind: those that have no room are never built.
func TestCapAllocatesWithWhatIsSent(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	for name, pathOf := range map[string]func(i int) string{
		"fields":           func(i int) string { return "field_" + strconv.Itoa(i) },
		"values of a map":  func(i int) string { return degrade.Key("offers", "sku-"+strconv.Itoa(i)) },
		"fields of values": func(i int) string { return degrade.Key("offers", "sku-"+strconv.Itoa(i)) + ".price" },
	} {
		for n, most := range map[int]float64{50: 80, 500: 200} {
			markers := make([]degrade.Marker, n)
			for i := range markers {
				markers[i] = sourced(pathOf(i))
			}
			r := degrade.NewReport(markers...)
			if got := testing.AllocsPerRun(3, func() { degrade.Capped(r, degrade.MaxTrailerBytes) }); got > most && !raceEnabled {
				t.Errorf("%d %s: %v allocations; want at most %v", n, name, got, most)
			}
		}
	}
}

// FuzzCap caps reports of any kind: what is sent is never larger, and every
// degraded field is either marked or counted.
func FuzzCap(f *testing.F) {
	f.Add(uint64(1), uint16(3), uint16(2048))
	f.Add(uint64(2), uint16(500), uint16(2048))
	f.Add(uint64(3), uint16(100), uint16(100))
	f.Add(uint64(4), uint16(599), uint16(0))
	f.Fuzz(func(t *testing.T, seed uint64, n, size uint16) {
		r := anyReport(rand.New(rand.NewPCG(seed, 0)), int(n%600))
		limit := max(int(size), 16) // the count itself needs so much
		d := degrade.Capped(r, limit)
		if got := proto.Size(d); got > limit {
			t.Fatalf("%d bytes; want at most %d", got, limit)
		}
		capped := int(d.GetDroppedCount())
		for _, m := range d.GetFields() {
			capped += max(1, int(m.GetElementCount()))
		}
		if capped != told(r) || d.GetTruncated() != (d.GetDroppedCount() > 0) {
			t.Fatalf("%d fields, truncated %v; want %d", capped, d.GetTruncated(), told(r))
		}
		if proto.Size(r.Proto()) <= limit && !proto.Equal(d, r.Proto()) {
			t.Fatal("something was taken away that had room")
		}
		if exact := proto.Size(r.Proto()); !degrade.Fits(r, exact) || degrade.Fits(r, exact-1) {
			t.Fatalf("the size of %d bytes is computed wrongly", exact)
		}
		if encoded, err := proto.Marshal(d); err != nil || proto.Unmarshal(encoded, new(degradev1.Degradation)) != nil {
			t.Fatalf("cannot be sent: %v", err)
		}
	})
}

// anyReport makes a report of n markers at most.
func anyReport(rng *rand.Rand, n int) degrade.Report {
	text := func(most int) string {
		const alphabet = "abc é\x00\"\\ \u202e"
		runes := []rune(alphabet)
		var b strings.Builder
		for range rng.IntN(most) {
			b.WriteRune(runes[rng.IntN(len(runes))])
		}
		return b.String()
	}
	markers := make([]degrade.Marker, n)
	for i := range markers {
		// Each is of another field, so that none is counted twice.
		m := degrade.Marker{
			Path: "f" + strconv.Itoa(i), State: degrade.State(rng.IntN(8)), Reason: degrade.Reason(rng.IntN(13)),
			Age: time.Duration(rng.Int64()),
		}
		switch rng.IntN(5) {
		case 0:
			m.Path = degrade.Key(m.Path, text(20))
		case 1:
			m.Path, m.Count = degrade.Elements(m.Path), rng.IntN(1000)
			for k := range rng.IntN(degrade.MaxKeys) {
				m.Keys = append(m.Keys, strconv.Itoa(k)+text(20))
			}
		case 2:
			m.Path = degrade.Key("values", strconv.Itoa(i))
		case 3:
			m.Path = strings.Repeat("long_", rng.IntN(40)) + m.Path
		}
		if rng.IntN(2) == 0 {
			m.Source = degrade.Source{Name: text(200), Origin: text(20), Hops: rng.IntN(10), Elapsed: time.Duration(rng.Int64())}
		}
		markers[i] = m
	}
	return degrade.NewReport(markers...)
}

// Values of a map whose markers become one have their number, the first names, the greatest
// age and the first source, together with what was said of the values before.
func TestCapPutsValuesOfAMapTogether(t *testing.T) {
	t.Parallel()
	var given []degrade.Marker
	for i := range 2 * degrade.MaxKeys {
		m := stale(degrade.Key(`offers["a["]`+".by", fmt.Sprintf("v%03d[", i)), time.Duration(i)*time.Second)
		given = append(given, m, sourced(degrade.Key("other", fmt.Sprintf("w%03d", i))))
	}
	given = append(given, degrade.Marker{
		Path: "other[*]", State: degrade.Missing, Reason: sourced("").Reason, Keys: []string{"w000", "x"}, Count: 7, Total: 9,
	}, missing("name"))
	r := degrade.NewReport(given...)
	d := degrade.Capped(r, 3600)
	got := degrade.FromProto(d, nil)
	if got.Len() != 3 || got.Truncated() {
		t.Fatalf("markers %q", claims(got))
	}
	type said struct {
		path, first, last   string
		count, total, names int
		age                 time.Duration
		sourced             bool
	}
	want := []said{
		{path: "name"},
		{`offers["a["].by[*]`, "v000[", "v099[", 200, 0, 100, 199 * time.Second, false},
		{"other[*]", "w000", "w099", 206, 0, 100, 0, true}, // w000 was said before, and is counted once
	}
	for m := range got.Markers() {
		s := said{path: m.Path, count: m.Count, total: m.Total, names: len(m.Keys), age: m.Age, sourced: m.Source.Name != ""}
		if s.names > 0 {
			s.first, s.last = m.Keys[0], m.Keys[s.names-1]
		}
		if s != want[0] {
			t.Errorf("%+v\nwant %+v", s, want[0])
		}
		want = want[1:]
	}
}
