package story

import (
	"errors"
	"testing"
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	"github.com/afloat-go/afloat/examples/dashboard/load"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
)

// whole is a page with everything but alerts, of which there may be none.
func whole() *page {
	return &page{
		User:     &dashboardv1.User{Id: "user-0001"},
		Series:   []*dashboardv1.Series{{}},
		Activity: []*dashboardv1.Entry{{}},
		Products: []*dashboardv1.Product{{}},
	}
}

// without is a page that lacks products and says why.
func without(reason dashboardv1.MissingReason) *page {
	p := whole()
	p.Products = nil
	p.Missing = []*dashboardv1.MissingPart{{Part: dashboard.Recommendations, Reason: reason}}
	return p
}

func TestFiguresOfResults(t *testing.T) {
	t.Parallel()
	const timeout, open = dashboardv1.MissingReason_MISSING_REASON_TIMEOUT, dashboardv1.MissingReason_MISSING_REASON_CIRCUIT_OPEN
	silent := whole()
	silent.Series = nil
	failed := errors.New("failed")
	f := figuresOf([]load.Result[*page]{
		{Due: 0, Latency: 1 * time.Millisecond, Answer: whole()},
		{Due: 1 * time.Second, Latency: 9 * time.Millisecond, Answer: without(timeout)},
		{Due: 2 * time.Second, Latency: 2 * time.Millisecond, Answer: without(open)},
		{Due: 2500 * time.Millisecond, Latency: time.Hour, Err: failed},
		{Due: 3 * time.Second, Latency: 3 * time.Millisecond, Answer: without(open)},
		{Due: 3500 * time.Millisecond, Latency: 4 * time.Millisecond, Answer: silent},
	}, 4*time.Second)
	if f.Requests != 6 || f.Full != 1 || f.Partial() != 4 || f.Failed != 1 {
		t.Errorf("requests, full, partial, failed = %d, %d, %d, %d; want 6, 1, 4, 1", f.Requests, f.Full, f.Partial(), f.Failed)
	}
	if f.Without(dashboard.Recommendations) != 3 || f.Missing[dashboard.Recommendations][open] != 2 {
		t.Errorf("missing = %v; want recommendations 3 times, 2 by an open circuit", f.Missing)
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
		"    without   recommendations 750: timeout 24, circuit open 726\n" +
		"    reached   recommendations was called 24 times, of 750 requests\n" +
		"    circuits  users closed, metrics closed, alerts closed, activity closed, recommendations open\n"
	f := sickFigures()
	f.Missing[dashboard.Recommendations] = map[dashboardv1.MissingReason]int{
		dashboardv1.MissingReason_MISSING_REASON_CIRCUIT_OPEN: 726,
		dashboardv1.MissingReason_MISSING_REASON_TIMEOUT:      24,
	}
	if got := row("recommendations hangs", f, false); got != want {
		t.Errorf("row:\n%s\nwant:\n%s", got, want)
	}
}
