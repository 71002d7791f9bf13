package degrade_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

func missing(path string) degrade.Marker {
	return degrade.Marker{Path: path, State: degrade.Missing, Reason: degrade.ReasonTimeout}
}

func stale(path string, age time.Duration) degrade.Marker {
	return degrade.Marker{Path: path, State: degrade.Stale, Reason: degrade.ReasonUnavailable, Age: age}
}

func staleAt(path string) degrade.Report {
	return degrade.NewReport(degrade.Marker{Path: path, State: degrade.Stale, Reason: degrade.ReasonTimeout})
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

func TestUnionAddsUp(t *testing.T) {
	t.Parallel()
	if degrade.Union().Known() || degrade.Union(degrade.Report{}).Known() {
		t.Error("nothing is known, but the union says so")
	}
	r := degrade.Union(degrade.Report{}, degrade.NewReport(), staleAt("a"), staleAt("b"), staleAt("a"))
	if r.Len() != 2 || r.State("a") != degrade.Stale || r.State("b") != degrade.Stale || r.State("c") != degrade.Intact {
		t.Errorf("union = %v", r.Proto())
	}
}

// What comes too deep is said of the field that it is in, once.
func TestReportsThatAreMovedTooDeep(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("a.", degrade.MaxPathSteps-2) + "a"
	moved := degrade.NewReport(missing("b"), missing("x.y"), missing("x.z")).At(deep)
	if got := paths(moved); !slices.Equal(got, []string{deep, deep + ".b"}) {
		t.Errorf("markers at %q", got)
	}
	if moved.State(deep) != degrade.Partial || moved.State(deep+".b") != degrade.Missing {
		t.Errorf("report = %v", moved)
	}
}
