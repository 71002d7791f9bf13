package degrade_test

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// What says the same is put together: all that it counts, as many names as there may be,
// and the source that was named first.
func TestMarkersThatSayTheSame(t *testing.T) {
	t.Parallel()
	part := func(from int, source string) degrade.Marker {
		m := degrade.Marker{Path: "items[*]", State: degrade.Missing, Count: 60, Source: degrade.Source{Name: source}}
		for i := range m.Count {
			m.Keys = append(m.Keys, strconv.Itoa(from+i))
		}
		return m
	}
	for m := range degrade.NewReport(part(0, "first"), part(50, "second")).Markers() {
		if m.Count != 110 || len(m.Keys) != degrade.MaxKeys || m.Source.Name != "first" {
			t.Errorf("%d elements, %d keys, of %q; want 110, %d, of the first", m.Count, len(m.Keys), m.Source.Name, degrade.MaxKeys)
		}
	}
	other := degrade.Marker{State: degrade.Missing, Reason: degrade.ReasonShed}
	if r := degrade.NewReport(missing(""), other, missing("name")); r.Len() != 2 {
		t.Errorf("report = %v; want both reasons, and nothing of what is within", r)
	}
}

func TestMarkersAreBroughtIntoOneForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		given []degrade.Marker
		want  []degrade.Marker
	}{
		{"ordered", []degrade.Marker{missing("b"), missing("a")}, []degrade.Marker{missing("a"), missing("b")}},
		{"the same once", []degrade.Marker{missing("a"), missing("a")}, []degrade.Marker{missing("a")}},
		{"the older age", []degrade.Marker{stale("a", 1), stale("a", 2)}, []degrade.Marker{stale("a", 2)}},
		{"the worst first", []degrade.Marker{stale("a", 1), missing("a")}, []degrade.Marker{missing("a"), stale("a", 1)}},
		{
			"nothing within a missing one",
			[]degrade.Marker{missing("a"), missing("a.b"), stale("a[*].c", 1), missing("ab")},
			[]degrade.Marker{missing("a"), missing("ab")},
		},
		{
			"what is within other elements",
			[]degrade.Marker{missing("a[*]"), stale("a[*].c", 1), missing("a[*].d[*]"), stale("a[*].d[*].e", 1)},
			[]degrade.Marker{missing("a[*]"), stale("a[*].c", 1), missing("a[*].d[*]"), stale("a[*].d[*].e", 1)},
		},
		{"nothing but a missing whole", []degrade.Marker{missing("a"), missing(""), stale("b[*]", 1)}, []degrade.Marker{missing("")}},
		{"what is within a stale one", []degrade.Marker{stale("a", 1), missing("a.b")}, []degrade.Marker{stale("a", 1), missing("a.b")}},
		{"elements counted together", []degrade.Marker{
			{Path: "a[*]", State: degrade.Missing, Keys: []string{"x", "y"}, Count: 3},
			{Path: "a[*]", State: degrade.Missing, Keys: []string{"y", "z"}},
		}, []degrade.Marker{{Path: "a[*]", State: degrade.Missing, Keys: []string{"x", "y", "z"}, Count: 4}}},
		{
			"a malformed path",
			[]degrade.Marker{missing("a b")},
			[]degrade.Marker{{Path: "", State: degrade.Partial, Reason: degrade.ReasonInternal}},
		},
	} {
		got := slices.Collect(degrade.NewReport(tt.given...).Markers())
		if !slices.EqualFunc(got, tt.want, sameMarker) {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
}

// Values of a map are marked by their own paths or together; either way each of
// them can be asked for in either way.
func TestValuesOfMaps(t *testing.T) {
	t.Parallel()
	together := degrade.NewReport(
		degrade.Marker{Path: "offers[*]", State: degrade.Missing, Keys: []string{"a"}, Count: 1},
		stale("offers[*].price", time.Minute),
	)
	single := degrade.NewReport(missing(`offers["a"]`), stale(`offers["long enough to be longer"]`, time.Hour), stale("offers[*].price", time.Minute))
	for _, tt := range []struct {
		name   string
		report degrade.Report
		path   string
		want   degrade.State
	}{
		{"named", together, `offers["a"]`, degrade.Missing},
		{"not named", together, `offers["b"]`, degrade.Partial},
		{"field of one", together, `offers["b"].price`, degrade.Stale},
		{"other field of one", together, `offers["b"].name`, degrade.Intact},
		{"all", together, "offers[*]", degrade.Missing},
		{"the map", together, "offers", degrade.Partial},
		{"itself", single, `offers["a"]`, degrade.Missing},
		{"all, of which one is named", single, "offers[*]", degrade.Partial},
		{"field of all", single, "offers[*].price", degrade.Stale},
		{"field of one that is missing", single, `offers["a"].name`, degrade.Missing},
		{"another", single, `offers["c"].name`, degrade.Intact},
		{"malformed", single, "offers[0]", degrade.Unknown},
	} {
		if got := tt.report.State(tt.path); got != tt.want {
			t.Errorf("%s: State(%s) = %v; want %v", tt.name, tt.path, got, tt.want)
		}
	}
	if together.Element("offers", "a") != degrade.Missing || single.Element("offers", "a") != degrade.Missing ||
		single.Element("offers[", "a") != degrade.Unknown {
		t.Error("asked by key:", together.Element("offers", "a"), single.Element("offers", "a"))
	}
	// The nearer one speaks, not the one with the longer key.
	if got := single.Age(`offers["long enough to be longer"].price`); got != time.Minute || single.Age("[") != 0 {
		t.Errorf("age %v", got)
	}
	if got := single.Within(`offers["a"]`); got.Len() != 2 || single.Within("[").Len() != 3 || single.Within("name").Len() != 0 {
		t.Errorf("within one: %v", got.Proto())
	}
}

// A marker means the same to the server that made it and to the client.
func TestMarkersMeanTheSameOnBothSides(t *testing.T) {
	t.Parallel()
	for _, given := range []degrade.Marker{
		{Path: "name", State: degrade.Intact, Reason: degrade.ReasonTimeout},
		{Path: "name", State: 99, Reason: 99},
		{Path: "name", State: degrade.Missing, Reason: -1, Age: time.Second},
		{Path: "name", State: degrade.Stale, Age: -time.Second},
		{Path: "name", State: degrade.Stale, Age: math.MaxInt64},
		{Path: "name", State: degrade.Missing, Keys: []string{"a"}, Count: 3},
		{Path: "items[*]", State: degrade.Missing, Keys: []string{"a", "\xff", strings.Repeat("b", 200)}},
		{Path: "items[*]", State: degrade.Missing, Count: -1},
		{Path: "name", State: degrade.Missing, Source: degrade.Source{
			Name: strings.Repeat("é", 200), Origin: "a\xffb", Fallback: "f", Code: math.MaxUint32, Elapsed: -1, Hops: 99,
		}},
	} {
		made := degrade.NewReport(given)
		response := &testv1.GetProfileResponse{}
		degrade.SetResponse(response, made)
		encoded, err := proto.Marshal(response)
		if err != nil {
			t.Fatalf("%+v: %v", given, err)
		}
		var arrived testv1.GetProfileResponse
		if err := proto.Unmarshal(encoded, &arrived); err != nil {
			t.Fatalf("%+v: %v", given, err)
		}
		here, there := slices.Collect(made.Markers()), slices.Collect(degrade.FromResponse(&arrived).Markers())
		if !slices.EqualFunc(here, there, sameMarker) || made.Summary() != degrade.FromResponse(&arrived).Summary() {
			t.Errorf("%+v: here %+v %q, there %+v", given, here, made.Summary(), there)
		}
	}
	if got := degrade.NewReport(degrade.Marker{Path: "name", State: degrade.Missing, Age: 1}).Age("name"); got != 0 {
		t.Errorf("age of a missing field = %v", got)
	}
}

func sameMarker(a, b degrade.Marker) bool {
	return a.Path == b.Path && a.State == b.State && a.Reason == b.Reason && a.Age == b.Age &&
		a.Count == b.Count && slices.Equal(a.Keys, b.Keys) && a.Source == b.Source
}
