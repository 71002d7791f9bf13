package degrade_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
)

// plainStep is one step of a path.
type plainStep struct {
	kind fieldpath.Kind
	name string
}

// plainSteps takes a path apart.
func plainSteps(path string) (steps []plainStep, ok bool) {
	p, ok := fieldpath.Scan(path)
	for i := range p.Len() {
		steps = append(steps, plainStep{p.Step(i).Kind, p.Step(i).Name()})
	}
	return steps, ok
}

// plainly says what a report says of a field, by the definition: it compares every marker,
// step by step.
func plainly(r degrade.Report, field []plainStep) (degrade.State, time.Duration, []degrade.Marker) {
	var nearest degrade.Marker
	var about []degrade.Marker
	nearestDepth, found, within := 0, false, false
	for m := range r.Markers() {
		above, in, depth := plainlySeen(m, field)
		if above || in {
			about = append(about, m)
		}
		within = within || in
		if above && (!found || depth > nearestDepth || depth == nearestDepth && worse(m.State, nearest.State)) {
			nearest, nearestDepth, found = m, depth, true
		}
	}
	switch {
	case found:
		return nearest.State, nearest.Age, about
	case within:
		return degrade.Partial, 0, about
	case !r.Known() || r.Truncated():
		return degrade.Unknown, 0, about
	default:
		return degrade.Intact, 0, about
	}
}

// worse reports whether one state matters more than another.
func worse(s, other degrade.State) bool {
	order := []degrade.State{
		degrade.Substituted, degrade.Stale, degrade.Partial, degrade.Defaulted, degrade.Missing, degrade.Unknown,
	}
	return slices.Index(order, s) > slices.Index(order, other)
}

// plainlySeen says where a marker lies, as seen from a field, and how near it is above.
func plainlySeen(m degrade.Marker, field []plainStep) (above, within bool, depth int) {
	own, _ := plainSteps(m.Path)
	within, depth = len(own) > len(field), 2*len(own)
	for i := range min(len(own), len(field)) {
		mayBe := i < len(own)-1 || len(m.Keys) == 0 || m.Count > len(m.Keys) || slices.Contains(m.Keys, field[i].name)
		switch mine, other := own[i], field[i]; {
		case mine == other:
		case mine.kind == fieldpath.AllStep && other.kind == fieldpath.KeyStep && mayBe:
			depth--
		case mine.kind == fieldpath.KeyStep && other.kind == fieldpath.AllStep:
			within = true
		default:
			return false, false, 0
		}
	}
	return !within, within, depth
}

// somePath makes a path of few different steps, so that many paths have some in common.
func somePath(rng *rand.Rand, deepest int) string {
	keys := []string{"", "a", "ab", "b", `"]`, "\u202e", "a.b", "[*]", "é"}
	path := ""
	for range rng.IntN(deepest) {
		switch kind := rng.IntN(5); {
		case path == "" || kind < 2:
			path = degrade.Join(path, []string{"a", "ab", "a1", "A", "b", "a_b"}[rng.IntN(6)])
		case kind == 2:
			path = degrade.Elements(path)
		default:
			path = degrade.Key(path, keys[rng.IntN(len(keys))])
		}
	}
	return path
}

// someReport makes a report of n markers at most.
func someReport(rng *rand.Rand, n int) degrade.Report {
	markers := make([]degrade.Marker, n)
	for i := range markers {
		m := degrade.Marker{
			Path: somePath(rng, 6), State: degrade.State(rng.IntN(7)), Reason: degrade.Reason(rng.IntN(3)),
			Age: time.Duration(rng.IntN(3)), Count: rng.IntN(4),
		}
		for range rng.IntN(3) {
			m.Keys = append(m.Keys, []string{"", "a", `"]`, "\u202e"}[rng.IntN(4)])
		}
		markers[i] = m
	}
	return degrade.NewReport(markers...)
}

// FuzzLookUp asks reports of any kind for fields of any kind. What is found fast is what
// is found by comparing every marker.
func FuzzLookUp(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, uint16(seed*seed), "a.b", "a")
	}
	f.Add(uint64(9), uint16(500), `a["\"]"][*].ab`, "\u202e")
	f.Add(uint64(10), uint16(300), `a[*].b["a"]`, "\xff")
	f.Add(uint64(11), uint16(300), strings.Repeat("a.", 15)+"a", strings.Repeat("k", 300))
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, path, key string) {
		rng := rand.New(rand.NewPCG(seed, 0))
		r := someReport(rng, int(n%600))
		for range 20 {
			wantAsPlainly(t, r, path, key)
			path, key = somePath(rng, 6), []string{"", "a", "ab", `"]`, "\u202e", "\xff"}[rng.IntN(6)]
		}
	})
}

// wantAsPlainly checks what is found of one field and of one element of it.
func wantAsPlainly(tb testing.TB, r degrade.Report, path, key string) {
	tb.Helper()
	field, ok := plainSteps(path)
	if !ok {
		if r.State(path) != degrade.Unknown || r.Element(path, key) != degrade.Unknown || r.Age(path) != 0 {
			tb.Fatalf("something is known of %q", path)
		}
		return
	}
	state, age, about := plainly(r, field)
	if got := r.State(path); got != state || r.Age(path) != age {
		tb.Fatalf("%q is %v, %v old; want %v, %v\n%v", path, got, r.Age(path), state, age, slices.Collect(r.Markers()))
	}
	if got := slices.Collect(r.Within(path).Markers()); !slices.EqualFunc(got, about, sameMarker) {
		tb.Fatalf("within %q: %v\nwant %v", path, got, about)
	}
	element, _, _ := plainly(r, append(field, plainStep{fieldpath.KeyStep, key}))
	if got := r.Element(path, key); got != element {
		tb.Fatalf("element %q of %q is %v; want %v\n%v", key, path, got, element, slices.Collect(r.Markers()))
	}
}

// manyMarkers returns as many markers as there may be, about fields of all kinds.
func manyMarkers(tail string) degrade.Report {
	markers := make([]degrade.Marker, most)
	for i := range markers {
		path := "field_" + strconv.Itoa(i)
		switch i % 4 {
		case 1:
			path = degrade.Key("offers", "sku-"+strconv.Itoa(i)+tail)
		case 2:
			path = degrade.Key("offers", "sku-"+strconv.Itoa(i)+tail) + ".price"
		case 3:
			path = "items[*]." + path
		}
		markers[i] = stale(path, time.Minute)
	}
	return degrade.NewReport(markers...)
}

// lookUps are fields to ask for, in a report of few markers or of many.
var lookUps = []string{
	"", "field_4", "field_4.within", "field_5", "none", "zzz", "items", "items[*]", "items[*].field_3", "items[*].none.x", "offers",
	`offers["sku-1"]`, `offers["sku-2"].price`, `offers["sku-2"].name`, `offers["none"].price`, "offers[*]", "offers[*].price", "offers[*].none",
	`offers["a\"b"]`, "malformed..", strings.Repeat("a", 257), strings.Repeat("a.", 16) + "a",
}

// Asking a report of whatever size for a field, for an element or for an age allocates
// nothing: paths are not taken apart, neither the field's nor the markers'.
func TestLookUpsAllocateNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	keys := []string{"", "sku-1", "a\"\u202eb", strings.Repeat("k", 300), "\xff"}
	for name, r := range map[string]degrade.Report{
		"none": {}, "complete": degrade.NewReport(), "one": staleAt("field_4"), "many": manyMarkers(""), "long": manyMarkers(strings.Repeat("é", 100)),
	} {
		for _, path := range lookUps {
			if got := testing.AllocsPerRun(10, func() {
				r.State(path)
				r.Age(path)
				for _, key := range keys {
					r.Element(path, key)
				}
			}); got > 0 {
				t.Errorf("%s, %q: %v allocations; want 0", name, path, got)
			}
		}
	}
}

// The part of a report costs what the part holds.
func TestPartOfAReportAllocatesThePart(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	r := manyMarkers("")
	for path, want := range map[string]float64{"none": 0, "field_4": 1, `offers["sku-1"]`: 1, "[": 0} {
		if got := testing.AllocsPerRun(10, func() { r.Within(path) }); got > want {
			t.Errorf("Within(%q): %v allocations; want %v", path, got, want)
		}
	}
}

func BenchmarkLookUp(b *testing.B) {
	for name, r := range map[string]degrade.Report{
		"complete": degrade.NewReport(), "one": staleAt("field_4"), "three": degrade.NewReport(missing("a"), missing("b.c"), stale("field_4", 1)),
		"many": manyMarkers(""), "long": manyMarkers(strings.Repeat("é", 100)),
	} {
		for _, path := range []string{"field_4", "none", "items[*].field_3", `offers["sku-2"].price`, `offers["none"].price`, "offers[*].none"} {
			b.Run(name+"/"+path, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r.State(path)
				}
			})
		}
	}
}
