package pages

import (
	"errors"
	"testing"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/load"
	"github.com/afloat-go/afloat/examples/shop/page"
	"github.com/afloat-go/afloat/interceptors/degrade"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// complete returns an answer that says that all is well.
func complete() *home { return &home{Degradation: &degradev1.Degradation{}} }

// with returns an answer with stand-ins for products, which says why.
func with(reason degrade.Reason) *home {
	h := complete()
	degrade.SetResponse(h, degrade.NewReport(degrade.Marker{Path: "dashboard.products", State: degrade.Defaulted, Reason: reason}))
	return h
}

// but judges that only the n-th answer is wrong.
func but(n int, wrong error) func(int, *home) error {
	return func(i int, _ *home) error {
		if i == n {
			return wrong
		}
		return nil
	}
}

func TestFiguresOfResults(t *testing.T) {
	t.Parallel()
	failed, wrong := errors.New("failed"), errors.New("wrong")
	f := figuresOf([]load.Result[*home]{
		{Due: 0, Latency: 1 * time.Millisecond, Answer: complete()},
		{Due: 1 * time.Second, Latency: 9 * time.Millisecond, Answer: with(degrade.ReasonTimeout)},
		{Due: 2 * time.Second, Latency: 2 * time.Millisecond, Answer: with(degrade.ReasonCircuitOpen)},
		{Due: 2500 * time.Millisecond, Latency: time.Hour, Err: failed},
		{Due: 3 * time.Second, Latency: 3 * time.Millisecond, Answer: with(degrade.ReasonCircuitOpen)},
		{Due: 3500 * time.Millisecond, Latency: 4 * time.Millisecond, Answer: complete()},
	}, 4*time.Second, judges{all: but(5, wrong), atLast: but(4, wrong)})
	if f.Requests != 6 || f.Full != 1 || f.Partial() != 4 || f.Failed != 1 {
		t.Errorf("requests, full, partial, failed = %d, %d, %d, %d; want 6, 1, 4, 1", f.Requests, f.Full, f.Partial(), f.Failed)
	}
	if f.Without(page.Recommendations) != 3 || f.Marked[page.Recommendations]["defaulted (circuit_open)"] != 2 {
		t.Errorf("marked = %v; want recommendations 3 times, 2 by an open circuit", f.Marked)
	}
	if f.Without(page.Metrics) != 0 || f.Wrong != 1 || !errors.Is(f.FirstWrong, wrong) {
		t.Errorf("without metrics %d, wrong %d, %v; want 0 and 1", f.Without(page.Metrics), f.Wrong, f.FirstWrong)
	}
	if f.LastSecond != 2 || f.Settled != 1 {
		t.Errorf("settled = %d of %d; want 1 of 2", f.Settled, f.LastSecond)
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
	unguarded := calmFigures()
	unguarded.Circuits = nil
	sick := sickFigures()
	sick.Marked[page.Recommendations] = map[string]int{"defaulted (circuit_open)": 726, "defaulted (timeout)": 24}
	for want, f := range map[string]Figures{
		"outage                         600      600        0       0    3.0 ms   12.0 ms\n" +
			"    circuits  all closed\n": calmFigures(),
		"outage                         600      600        0       0    3.0 ms   12.0 ms\n" +
			"    circuits  none: the guard is off\n": unguarded,
		"outage                         750        0      750       0    3.0 ms  701.0 ms\n" +
			"    markers   dashboard.products on 750 pages: defaulted (circuit_open) 726, defaulted (timeout) 24\n" +
			"    reached   recommendations was called 24 times, of 750 requests\n" +
			"    circuits  recommendations open; the others closed\n": sick,
	} {
		if got := row("outage", f); got != want {
			t.Errorf("row:\n%s\nwant:\n%s", got, want)
		}
	}
}
