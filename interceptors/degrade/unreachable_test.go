package degrade_test

import (
	"slices"
	"testing"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

func TestUnreachable(t *testing.T) {
	t.Parallel()
	lost := func(state degrade.State, count int, keys ...string) degrade.Marker {
		return degrade.Marker{Path: "items[*]", State: state, Reason: degrade.ReasonTimeout, Keys: keys, Count: count, Total: 9}
	}
	at := func(path string, state degrade.State) degrade.Marker {
		return degrade.Marker{Path: path, State: state, Reason: degrade.ReasonTimeout}
	}
	for name, tt := range map[string]struct {
		report degrade.Report
		path   string
		names  []string
		all    bool
	}{
		"complete":            {degrade.NewReport(), "items", nil, true},
		"nothing known":       {degrade.Report{}, "items", nil, false},
		"malformed":           {degrade.NewReport(), "items[", nil, false},
		"named":               {degrade.NewReport(lost(degrade.Missing, 2, "b", "a")), "items", []string{"a", "b"}, true},
		"one not named":       {degrade.NewReport(lost(degrade.Missing, 3, "b", "a")), "items", []string{"a", "b"}, false},
		"none named":          {degrade.NewReport(lost(degrade.Missing, 3)), "items", nil, false},
		"in two ways":         {degrade.NewReport(lost(degrade.Missing, 1, "b"), degrade.Marker{Path: "items[*]", State: degrade.Missing, Reason: degrade.ReasonError, Keys: []string{"a", "b"}}), "items", []string{"a", "b"}, true},
		"old":                 {degrade.NewReport(lost(degrade.Stale, 1, "a"), lost(degrade.Partial, 1, "b")), "items", nil, true},
		"a state of tomorrow": {degrade.NewReport(lost(degrade.Unknown, 1, "a")), "items", []string{"a"}, true},
		"the whole field":     {degrade.NewReport(at("items", degrade.Missing)), "items", nil, false},
		"all of it is old":    {degrade.NewReport(at("items", degrade.Stale)), "items", nil, true},
		"what it is in":       {degrade.NewReport(at("shop", degrade.Missing)), "shop.items", nil, false},
		"the whole, somehow":  {degrade.NewReport(at("", degrade.Partial)), "items", nil, false},
		"another field":       {degrade.NewReport(at("name", degrade.Missing), at("items_left", degrade.Missing)), "items", nil, true},
		"within an element":   {degrade.NewReport(at("items[*].name", degrade.Missing)), "items", nil, true},
		"values of a map":     {degrade.NewReport(at(`offers["b"]`, degrade.Missing), at(`offers["\"a"]`, degrade.Missing), at(`offers["c"]`, degrade.Stale), at(`offers["d"].name`, degrade.Missing)), "offers", []string{`"a`, "b"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names, all := degrade.Unreachable(tt.report, tt.path)
			if !slices.Equal(names, tt.names) || all != tt.all {
				t.Errorf("Unreachable = %q, %v; want %q, %v", names, all, tt.names, tt.all)
			}
		})
	}
}

// How many elements there are is known of one list, and lost where lists are put together.
func TestMarkersSayOfHowManyElements(t *testing.T) {
	t.Parallel()
	some := func(count, total int, keys ...string) degrade.Marker {
		return degrade.Marker{Path: "items[*]", State: degrade.Missing, Reason: degrade.ReasonTimeout, Count: count, Total: total, Keys: keys}
	}
	each := degrade.Accumulator{}
	for range 2 {
		each.Add(degrade.NewReport(some(1, 4)))
	}
	field := degrade.Marker{Path: "name", State: degrade.Missing, Total: 7}
	for name, tt := range map[string]struct {
		report degrade.Report
		want   int
	}{
		"known":              {degrade.NewReport(some(2, 5)), 5},
		"too few":            {degrade.NewReport(some(2, 1)), 0},
		"fewer than names":   {degrade.NewReport(some(0, 1, "a", "b")), 0},
		"negative":           {degrade.NewReport(some(1, -1)), 0},
		"of a field":         {degrade.NewReport(field), 0},
		"in two markers":     {degrade.Union(degrade.NewReport(some(1, 5, "a")), degrade.NewReport(some(1, 5, "b"))), 5},
		"known to one":       {degrade.Union(degrade.NewReport(some(1, 5, "a")), degrade.NewReport(some(1, 0, "b"))), 5},
		"in a field":         {degrade.NewReport(some(1, 5)).At("shop"), 5},
		"in one of many":     {degrade.NewReport(some(1, 5)).At("shops[*]"), 0},
		"in many":            {each.Report("shops[*]"), 0},
		"in a value of many": {degrade.NewReport(some(1, 5)).At(`shops["a"]`), 5},
	} {
		for m := range tt.report.Markers() {
			if m.Total != tt.want || m.Total > 0 && m.Total < m.Count {
				t.Errorf("%s: %d of %d; want of %d", name, m.Count, m.Total, tt.want)
			}
		}
	}
}
