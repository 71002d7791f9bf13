package degrade_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

func missing(path string) degrade.Marker {
	return degrade.Marker{Path: path, State: degrade.Missing, Reason: degrade.ReasonTimeout}
}

func stale(path string, age time.Duration) degrade.Marker {
	return degrade.Marker{Path: path, State: degrade.Stale, Reason: degrade.ReasonUnavailable, Age: age}
}

func TestZeroReportKnowsNothing(t *testing.T) {
	t.Parallel()
	var r degrade.Report
	if r.Known() || r.Complete() || r.State("name") != degrade.Unknown || r.Err() == nil {
		t.Errorf("known %v, complete %v, state %v, err %v",
			r.Known(), r.Complete(), r.State("name"), r.Err())
	}
	if r.Element("items", "a") != degrade.Unknown || r.Proto() != nil || r.Summary() != "" {
		t.Errorf("element %v, proto %v, summary %q", r.Element("items", "a"), r.Proto(), r.Summary())
	}
}

func TestCompleteReport(t *testing.T) {
	t.Parallel()
	r := degrade.NewReport()
	if !r.Known() || !r.Complete() || r.Err() != nil {
		t.Errorf("known %v, complete %v, err %v", r.Known(), r.Complete(), r.Err())
	}
	if r.State("") != degrade.Intact || r.Element("items", "a") != degrade.Intact || r.Summary() != "0" {
		t.Errorf("state %v, element %v, summary %q", r.State(""), r.Element("items", "a"), r.Summary())
	}
}

func TestStateIsThatOfTheNearestMarker(t *testing.T) {
	t.Parallel()
	r := degrade.NewReport(
		stale("account", time.Minute),
		missing("account.plan"),
		missing("banner.image"),
		degrade.Marker{Path: "list", State: degrade.Partial, Reason: degrade.ReasonUpstreamDegraded},
		missing("offers[*]"), stale(`offers["a"]`, time.Minute),
		stale("twice", time.Minute), missing("twice"),
	)
	for path, want := range map[string]degrade.State{
		"":                  degrade.Partial, // something within it
		"account":           degrade.Stale,
		"account.name":      degrade.Stale,
		"account.plan":      degrade.Missing,
		"account.plan.name": degrade.Missing,
		"accounts":          degrade.Intact,
		"banner":            degrade.Partial,
		"banner.image":      degrade.Missing,
		"banner.text":       degrade.Intact,
		"list[*].x":         degrade.Partial,
		`offers["a"]`:       degrade.Stale, // nearer, though not as bad
		`offers["b"]`:       degrade.Missing,
		"twice":             degrade.Missing, // the worst of what is said of it
	} {
		if got := r.State(path); got != want {
			t.Errorf("State(%q) = %v; want %v", path, got, want)
		}
	}
	if got := r.Age("account.name"); got != time.Minute {
		t.Errorf("age = %v; want 1m", got)
	}
	if got := r.Age("banner.image"); got != 0 {
		t.Errorf("age of a missing field = %v; want 0", got)
	}
	if got := paths(r.Within("account.plan")); !slices.Equal(got, []string{"account", "account.plan"}) {
		t.Errorf("within account.plan: %q", got)
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	named := degrade.NewReport(degrade.Marker{Path: "items[*]", State: degrade.Missing, Keys: []string{"a", "b"}, Count: 2})
	some := degrade.NewReport(degrade.Marker{Path: "items[*]", State: degrade.Missing, Keys: []string{"a"}, Count: 2})
	whole := degrade.NewReport(stale("items", time.Second))
	unsaid := degrade.NewReport(missing("items[*]"), stale("items[*].price", time.Second))
	for _, tt := range []struct {
		name   string
		report degrade.Report
		key    string
		want   degrade.State
	}{
		{"one of the named", named, "b", degrade.Missing},
		{"none of the named", named, "c", degrade.Intact},
		{"perhaps one of the unnamed", some, "c", degrade.Missing},
		{"within a stale list", whole, "c", degrade.Stale},
		{"perhaps one of those not counted", unsaid, "c", degrade.Missing},
		{"of a list with a stale field", degrade.NewReport(stale("items[*].price", 1)), "c", degrade.Partial},
		{"a key too long for a path", named, strings.Repeat("k", 300), degrade.Intact},
	} {
		if got := tt.report.Element("items", tt.key); got != tt.want {
			t.Errorf("%s: %v; want %v", tt.name, got, tt.want)
		}
	}
	// The names are those of the last list in a path.
	deep := degrade.NewReport(degrade.Marker{Path: "offers[*].seller.items[*]", State: degrade.Missing, Keys: []string{"a"}, Count: 1})
	if in, of, other := deep.State(`offers["x"].seller.items`), deep.Element(`offers["x"].seller.items`, "a"), deep.Element(`offers["x"].seller.items`, "b"); in != degrade.Partial ||
		of != degrade.Missing || other != degrade.Intact {
		t.Errorf("list in a list is %v, its elements %v, %v; want partial, missing, intact", in, of, other)
	}
	if named.State("items") != degrade.Partial || named.State("items[*]") != degrade.Missing {
		t.Errorf("items %v, items[*] %v; want partial, missing", named.State("items"), named.State("items[*]"))
	}
}

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

// What a caller does to the keys it was given changes no report.
func TestReportsAreValues(t *testing.T) {
	t.Parallel()
	r := degrade.NewReport(degrade.Marker{Path: "a[*]", State: degrade.Missing, Keys: []string{"x"}})
	for m := range r.Markers() {
		m.Keys[0] = "changed"
	}
	for m := range r.Markers() {
		if m.Keys[0] != "x" {
			t.Errorf("key = %q; want x", m.Keys[0])
		}
	}
}

func TestIncompleteError(t *testing.T) {
	t.Parallel()
	err := degrade.NewReport(missing("a"), stale("b", time.Second), missing("c"), missing("d")).Err()
	want := `degrade: incomplete response: "a" is missing (timeout), "b" is stale (unavailable), "c" is missing (timeout) and 1 more`
	if err == nil || err.Error() != want {
		t.Fatalf("error = %v\nwant    %s", err, want)
	}
	incomplete, ok := errors.AsType[*degrade.IncompleteError](err)
	if !ok || incomplete.Report.Len() != 4 || status.Code(err) != codes.Unavailable {
		t.Errorf("incomplete %v, code %v", incomplete, status.Code(err))
	}
	if got := degrade.FromError(err); got.State("b") != degrade.Stale || got.Age("b") != time.Second {
		t.Errorf("details say of b: %v, %v", got.State("b"), got.Age("b"))
	}
	unknown := degrade.Report{}.Err()
	if unknown == nil || !strings.Contains(unknown.Error(), "nobody said") || degrade.FromError(unknown).Known() {
		t.Errorf("unknown: %v", unknown)
	}
	if degrade.FromError(nil).Known() || degrade.FromError(errors.New("plain")).Known() {
		t.Error("an error without details knows something")
	}
}

func TestReportsAsText(t *testing.T) {
	t.Parallel()
	truncated := func(dropped uint32, markers ...degrade.Marker) degrade.Report {
		m := &testv1.GetProfileResponse{Degradation: degrade.NewReport(markers...).Proto()}
		m.Degradation.Truncated, m.Degradation.DroppedCount = true, dropped
		return degrade.FromResponse(m)
	}
	for _, tt := range []struct {
		report degrade.Report
		want   string
	}{
		{degrade.Report{}, "nothing is known"},
		{degrade.NewReport(), "complete"},
		{degrade.NewReport(missing("name")), `"name" is missing (timeout)`},
		{degrade.NewReport(missing("a"), missing("b"), missing("c")), `"a" is missing (timeout), "b" is missing (timeout), "c" is missing (timeout)`},
		{truncated(0), "fields that are not named: 1"},
		{truncated(7), "fields that are not named: 7"},
		{truncated(0, missing("name")), `"name" is missing (timeout) and 1 more`},
		{truncated(2, missing("name")), `"name" is missing (timeout) and 2 more`},
	} {
		if got := fmt.Sprint(tt.report); got != tt.want {
			t.Errorf("report = %s; want %s", got, tt.want)
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	r := degrade.NewReport(missing("a"), missing("b"), stale("c", 1),
		degrade.Marker{Path: "d", State: degrade.Defaulted}, degrade.Marker{Path: "e", State: degrade.Substituted},
		degrade.Marker{Path: "f", State: degrade.Partial}, degrade.Marker{Path: "g"})
	want := "7; unknown=1; missing=2; stale=1; defaulted=1; substituted=1; partial=1"
	if got := r.Summary(); got != want {
		t.Errorf("summary = %q; want %q", got, want)
	}
}

func paths(r degrade.Report) (all []string) {
	for m := range r.Markers() {
		all = append(all, m.Path)
	}
	return all
}

func sameMarker(a, b degrade.Marker) bool {
	return a.Path == b.Path && a.State == b.State && a.Reason == b.Reason && a.Age == b.Age &&
		a.Count == b.Count && slices.Equal(a.Keys, b.Keys) && a.Source == b.Source
}
