package degrade_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// numbered returns a report with n markers that say the same of different fields.
func numbered(prefix string, n int, s degrade.State, hops int) degrade.Report {
	all := make([]degrade.Marker, n)
	for i := range all {
		all[i] = degrade.Marker{
			Path: prefix + strconv.Itoa(i), State: s, Reason: degrade.ReasonTimeout, Source: degrade.Source{Hops: hops},
		}
	}
	return degrade.NewReport(all...)
}

// sum returns how many fields a report is about, named or not.
func sum(r degrade.Report) int {
	n := r.Dropped()
	for m := range r.Markers() {
		n += max(m.Count, 1)
	}
	return n
}

func TestAccumulatorHasRoomForOneReport(t *testing.T) {
	t.Parallel()
	var a degrade.Accumulator
	for i := range 100 {
		whole := a.Add(numbered("e"+strconv.Itoa(i)+"_", 500, degrade.Stale, 1))
		if whole.Len() != 0 {
			t.Fatalf("of the element as a whole: %v", whole)
		}
	}
	r := a.Report("items[*]")
	if r.Len() != 500 || !r.Truncated() || sum(r) != 50_000 || r.State("items[*].e0_0") != degrade.Stale {
		t.Errorf("%d markers, truncated %v, %d fields; want 500, true, 50000", r.Len(), r.Truncated(), sum(r))
	}
}

func TestAccumulatorMergesWhatSaysTheSame(t *testing.T) {
	t.Parallel()
	var a degrade.Accumulator
	for range 100 {
		a.Add(numbered("f", 500, degrade.Stale, 1))
	}
	if r := a.Report("items[*]"); r.Len() != 500 || r.Truncated() || r.Dropped() != 0 {
		t.Errorf("%d markers, truncated %v, %d dropped; want 500, false, 0", r.Len(), r.Truncated(), r.Dropped())
	}
}

// What one element misses, another may have.
func TestAccumulatorKeepsElementsApart(t *testing.T) {
	t.Parallel()
	var a degrade.Accumulator
	a.Add(degrade.NewReport(degrade.Marker{Path: "seller", State: degrade.Missing}))
	whole := a.Add(degrade.NewReport(
		degrade.Marker{State: degrade.Partial}, degrade.Marker{Path: "seller.name", State: degrade.Stale},
	))
	r := a.Report("items[*]")
	if whole.Len() != 1 || r.Len() != 2 || r.State("items[*].seller") != degrade.Missing {
		t.Errorf("whole %v, report %v", whole, r)
	}
}

func TestAccumulatorCountsWhatReportsCount(t *testing.T) {
	t.Parallel()
	many := degrade.Union(numbered("a", 500, degrade.Stale, 0), numbered("b", 300, degrade.Stale, 0))
	var a degrade.Accumulator
	a.Add(many)
	a.Add(many)
	if r := a.Report("items[*]"); r.Dropped() != 600 || !r.Truncated() || r.Len() != 500 {
		t.Errorf("%d markers, %d dropped; want 500, 600", r.Len(), r.Dropped())
	}
	var none degrade.Accumulator
	if r := none.Report("items[*]"); !r.Complete() {
		t.Errorf("nothing was added, and the report is %v", r)
	}
}

// The names of nested elements are compared only so often, but the elements counted.
func TestAccumulatorBoundsTheWorkForNames(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	report := func(first int) degrade.Report {
		all := make([]degrade.Marker, 500)
		for i := range all {
			keys := make([]string, degrade.MaxKeys)
			for k := range keys {
				keys[k] = strconv.Itoa(first + k)
			}
			all[i] = degrade.Marker{Path: "f" + strconv.Itoa(i) + "[*]", State: degrade.Missing, Keys: keys}
		}
		return degrade.NewReport(all...)
	}
	var a degrade.Accumulator
	a.Add(report(0))
	other := report(degrade.MaxKeys)
	allocs := testing.AllocsPerRun(10, func() { a.Add(other) })
	r := a.Report("items[*]")
	if want := 500 * degrade.MaxKeys * 12; sum(r) != want || r.Len() != 500 || r.Element("items[*].f0", "7000") != degrade.Missing {
		t.Errorf("%d markers, %d elements; want 500, %d", r.Len(), sum(r), want)
	}
	if allocs > 1 && !raceEnabled {
		t.Errorf("%v allocations for the names of one more element", allocs)
	}
}

func TestAccumulatorMarksTheElementForWhatIsTooDeep(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("a.", degrade.MaxPathSteps-1) + "a"
	var a degrade.Accumulator
	a.Add(degrade.NewReport(degrade.Marker{Path: deep, State: degrade.Missing}))
	r := a.Report("items[*]")
	for m := range r.Markers() {
		if m.Path != "items[*]" || m.State != degrade.Partial || m.Count != 1 {
			t.Errorf("marker %+v; want items[*] partial, of one", m)
		}
	}
	if r.Len() != 1 {
		t.Errorf("report %v", r)
	}
}

func TestUnionHasRoomForOneReport(t *testing.T) {
	t.Parallel()
	own := degrade.NewReport(degrade.Marker{Path: "banner", State: degrade.Substituted})
	all := []degrade.Report{}
	for i := range 100 {
		all = append(all, numbered("s"+strconv.Itoa(i)+"_", 500, degrade.Stale, 1))
	}
	r := degrade.Union(append(all, numbered("worse", 10, degrade.Missing, 2), own)...)
	if r.Len() != 500 || !r.Truncated() || sum(r) != 50_011 {
		t.Errorf("%d markers, truncated %v, %d fields; want 500, true, 50011", r.Len(), r.Truncated(), sum(r))
	}
	if r.State("banner") != degrade.Substituted || r.State("worse7") != degrade.Missing {
		t.Errorf("banner %v, worse7 %v: they come first", r.State("banner"), r.State("worse7"))
	}
	same := numbered("f", 500, degrade.Stale, 1)
	if r := degrade.Union(same, same, same); r.Len() != 500 || r.Truncated() {
		t.Errorf("three times the same: %d markers, truncated %v", r.Len(), r.Truncated())
	}
}
