package pages

import (
	"errors"
	"testing"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	"github.com/afloat-go/afloat/examples/dashboard/load"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors/degrade"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// whole is a page with everything but alerts, of which there may be none.
func whole() *page {
	return &page{
		Degradation: &degradev1.Degradation{},
		Dashboard: &dashboardv1.GetDashboardResponse{
			User:     &dashboardv1.User{Id: "user-0001"},
			Series:   []*dashboardv1.Series{{}},
			Activity: []*dashboardv1.Entry{{}},
			Products: []*dashboardv1.Product{{}},
		},
	}
}

// with is a page with stand-ins for products, which says why.
func with(reason degrade.Reason) *page {
	p := whole()
	degrade.SetResponse(p, degrade.NewReport(degrade.Marker{Path: "dashboard.products", State: degrade.Defaulted, Reason: reason}))
	return p
}

func TestFiguresOfResults(t *testing.T) {
	t.Parallel()
	silent := whole()
	silent.Dashboard.Series = nil
	failed := errors.New("failed")
	f := figuresOf([]load.Result[*page]{
		{Due: 0, Latency: 1 * time.Millisecond, Answer: whole()},
		{Due: 1 * time.Second, Latency: 9 * time.Millisecond, Answer: with(degrade.ReasonTimeout)},
		{Due: 2 * time.Second, Latency: 2 * time.Millisecond, Answer: with(degrade.ReasonCircuitOpen)},
		{Due: 2500 * time.Millisecond, Latency: time.Hour, Err: failed},
		{Due: 3 * time.Second, Latency: 3 * time.Millisecond, Answer: with(degrade.ReasonCircuitOpen)},
		{Due: 3500 * time.Millisecond, Latency: 4 * time.Millisecond, Answer: silent},
	}, 4*time.Second)
	if f.Requests != 6 || f.Full != 1 || f.Partial() != 4 || f.Failed != 1 {
		t.Errorf("requests, full, partial, failed = %d, %d, %d, %d; want 6, 1, 4, 1", f.Requests, f.Full, f.Partial(), f.Failed)
	}
	if f.Without(dashboard.Recommendations) != 3 || f.Marked[dashboard.Recommendations]["defaulted (circuit_open)"] != 2 {
		t.Errorf("marked = %v; want recommendations 3 times, 2 by an open circuit", f.Marked)
	}
	if f.Without(dashboard.Metrics) != 0 || f.Silent != 1 {
		t.Errorf("without metrics %d, silent %d; want 0 and 1", f.Without(dashboard.Metrics), f.Silent)
	}
	if f.LastSecond != 2 || f.LastSecondFull != 0 {
		t.Errorf("last second = %d of %d; want 0 of 2", f.LastSecondFull, f.LastSecond)
	}
	if f.P50 != 3*time.Millisecond || f.P99 != 9*time.Millisecond {
		t.Errorf("p50 %v, p99 %v; want 3ms and 9ms", f.P50, f.P99)
	}
	if !errors.Is(f.FirstError, failed) {
		t.Errorf("first error = %v", f.FirstError)
	}
}

func TestRowOfAPhase(t *testing.T) {
	t.Parallel()
	const want = "" +
		"recommendations hangs          750        0      750       0    3.0 ms  701.0 ms\n" +
		"    markers   dashboard.products on 750 pages: defaulted (circuit_open) 726, defaulted (timeout) 24\n" +
		"    reached   recommendations was called 24 times, of 750 requests\n" +
		"    circuits  users closed, metrics closed, alerts closed, activity closed, recommendations open\n"
	f := sickFigures()
	f.Marked[dashboard.Recommendations] = map[string]int{"defaulted (circuit_open)": 726, "defaulted (timeout)": 24}
	if got := row("recommendations hangs", f); got != want {
		t.Errorf("row:\n%s\nwant:\n%s", got, want)
	}
}

// A marker at another field, or one that says what must not be, is wrong.
func TestWrongMarkersAreSeen(t *testing.T) {
	t.Parallel()
	for _, m := range []degrade.Marker{
		{Path: "dashboard.user", State: degrade.Missing},
		{Path: "dashboard.products", State: degrade.Stale},
		{Path: "products", State: degrade.Defaulted},
		{Path: "", State: degrade.Partial},
		{Path: "dashboard.series[*]", State: degrade.Missing},
		{Path: "dashboard.series", State: degrade.Missing, Source: degrade.Source{Name: "series"}},
	} {
		p := whole()
		degrade.SetResponse(p, degrade.NewReport(m))
		f := figuresOf([]load.Result[*page]{{Answer: p}}, time.Second)
		if err := noneWrong(f); err == nil || f.Wrong != 1 {
			t.Errorf("%+v: wrong = %d, %v", m, f.Wrong, err)
		}
	}
	unknown := whole()
	unknown.Degradation = nil
	if f := figuresOf([]load.Result[*page]{{Answer: unknown}}, time.Second); f.Silent != 1 {
		t.Error("a page that says nothing counts as complete")
	}
}
