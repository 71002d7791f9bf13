package afloattest

import (
	"slices"
	"testing"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// WantComplete fails the test if the report does not say that the response is complete.
func WantComplete(tb testing.TB, r degrade.Report) {
	tb.Helper()
	if !r.Complete() {
		tb.Errorf("the response is not complete: %v", r)
	}
}

// WantMarkers fails the test if the report does not have these markers, in any order, and no
// others. Path, state and reason are compared; age, names, numbers and source of a marker
// only where they are set.
func WantMarkers(tb testing.TB, r degrade.Report, want ...degrade.Marker) {
	tb.Helper()
	left := slices.Collect(r.Markers())
	for _, w := range want {
		at := slices.IndexFunc(left, func(m degrade.Marker) bool { return agrees(m, w) })
		if at < 0 {
			tb.Errorf("there is no marker %v; the report says: %v", shown(w), all(r))
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	for _, m := range left {
		tb.Errorf("there is a marker too much: %v", shown(m))
	}
	if !r.Known() || r.Truncated() {
		tb.Errorf("the report says less than there is: %v", r)
	}
}

// WantState fails the test if the field at path does not hold what it should.
func WantState(tb testing.TB, r degrade.Report, path string, want degrade.State) {
	tb.Helper()
	if got := r.State(path); got != want {
		tb.Errorf("%q is %v; want %v. The report says: %v", path, got, want, all(r))
	}
}

// WantReason fails the test if err does not say that afloat refused or ended the call for
// this reason, here or in a peer. With an empty reason, it fails if err says any.
func WantReason(tb testing.TB, err error, want policy.Reason) {
	tb.Helper()
	if got := policy.ReasonOf(err); got != want || err == nil {
		tb.Errorf("%v is for the reason %q; want %q", err, got, want)
	}
}

// agrees reports whether a marker says what is wanted.
func agrees(m, want degrade.Marker) bool {
	return m.Path == want.Path && m.State == want.State && m.Reason == want.Reason &&
		(want.Age == 0 || m.Age == want.Age) &&
		(want.Keys == nil || slices.Equal(m.Keys, want.Keys)) &&
		(want.Count == 0 || m.Count == want.Count) &&
		(want.Total == 0 || m.Total == want.Total) &&
		(want.Source == degrade.Source{} || m.Source == want.Source)
}

// shown returns a marker as reports show it.
func shown(m degrade.Marker) degrade.Report { return degrade.NewReport(m) }

// all returns each marker as reports show it.
func all(r degrade.Report) []degrade.Report {
	if r.Len() == 0 {
		return []degrade.Report{r}
	}
	var each []degrade.Report
	for m := range r.Markers() {
		each = append(each, shown(m))
	}
	return each
}
