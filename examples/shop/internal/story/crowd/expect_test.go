package crowd

import (
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/internal/load"
	"github.com/afloat-go/afloat/interceptors/overload"
)

// goodFigures returns good figures for each phase, by its place in the act.
func goodFigures() []Figures {
	const whole = time.Second
	calm := Figures{
		Orders: tally{60, 60, 0}, Shown: tally{200, 200, 0}, Ahead: tally{100, 100, 0},
		Settled: whole, OrdersThen: tally{30, 30, 0}, ShownThen: tally{100, 100, 0}, AheadThen: tally{50, 50, 0},
		P99: 9 * time.Millisecond, Control: &overload.Snapshot{Limit: 32, InFlight: 1},
	}
	crowded := Figures{
		Orders: tally{120, 120, 0}, Shown: tally{1600, 860, 740}, Ahead: tally{800, 35, 765},
		Settled: 3 * whole, OrdersThen: tally{90, 90, 0}, ShownThen: tally{1200, 600, 600}, AheadThen: tally{600, 0, 600},
		P99: 228 * time.Millisecond, Control: &overload.Snapshot{Limit: 12, InFlight: 12, Waiting: 7, Pressure: 0.593},
	}
	recedes := calm
	recedes.Shown, recedes.Ahead = tally{300, 295, 5}, tally{150, 140, 10} // at first
	return []Figures{calm, crowded, recedes}
}

func TestGoodFiguresMeetEveryExpectation(t *testing.T) {
	t.Parallel()
	phases := phasesOf()
	for i, f := range goodFigures() {
		if unmet := phases[i].check(f); len(unmet) > 0 {
			t.Errorf("%s: %v", phases[i].name, unmet)
		}
	}
	if len(phases) != len(goodFigures()) {
		t.Errorf("%d phases", len(phases))
	}
}

// Each expectation fails on figures that violate it, and alone.
func TestEachExpectationBites(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		phase int
		name  string
		spoil func(f *Figures)
		says  string
	}{
		{0, "an order is not paid", func(f *Figures) { f.Orders.answered, f.FirstUnpaid = 59, errors.New("hung up") }, "orders paid = 59 of 60 (the first that is not: hung up); must be all"},
		{0, "nobody orders", func(f *Figures) { f.Orders = tally{} }, "orders paid = 0 of 0"},
		{0, "orders wait", func(f *Figures) { f.P99 = 501 * time.Millisecond }, "p99 of orders = 501.0 ms; must be at most 500.0 ms"},
		{0, "something is not shown", func(f *Figures) { f.ShownThen.answered = 99 }, "shown = 99 of 100"},
		{0, "something is not fetched ahead", func(f *Figures) { f.AheadThen.answered = 49 }, "fetched ahead = 49 of 50"},
		{1, "an order is refused", func(f *Figures) { f.Orders.answered, f.Orders.refused = 119, 1 }, "orders paid = 119 of 120"},
		{1, "orders wait", func(f *Figures) { f.P99 = time.Second }, "p99 of orders = 1000.0 ms"},
		{1, "something is fetched ahead", func(f *Figures) { f.AheadThen = tally{600, 31, 569} }, "of what is fetched ahead refused = 569 of 600; must be at least 95.0 %"},
		{1, "what is fetched ahead waits", func(f *Figures) { f.AheadThen.refused = 569 }, "of what is fetched ahead refused = 569 of 600"},
		{1, "windows wait in vain", func(f *Figures) { f.ShownThen.refused = 575 }, "of what is shown answered or refused = 1175 of 1200"},
		{1, "not as much is answered as could be", func(f *Figures) { f.ShownThen = tally{1200, 547, 653} }, "= 637 of 750; must be at least 85.0 %"},
		{1, "windows show nearly nothing", func(f *Figures) {
			f.OrdersThen, f.ShownThen = tally{600, 600, 0}, tally{1200, 299, 901}
		}, "shown = 299 of 1200; must be at least 25.0 %"},
		{2, "an order is not paid", func(f *Figures) { f.Orders.answered = 59 }, "orders paid = 59 of 60"},
		{2, "orders wait", func(f *Figures) { f.P99 = time.Second }, "p99 of orders = 1000.0 ms"},
		{2, "something is not shown", func(f *Figures) { f.ShownThen.answered = 99 }, "shown = 99 of 100"},
		{2, "something is not fetched ahead", func(f *Figures) { f.AheadThen.answered = 49 }, "fetched ahead = 49 of 50"},
	} {
		p := phasesOf()[c.phase]
		t.Run(p.name+": "+c.name, func(t *testing.T) {
			t.Parallel()
			f := goodFigures()[c.phase]
			c.spoil(&f)
			unmet := p.check(f)
			if len(unmet) != 1 || !strings.Contains(unmet[0].Error(), c.says) {
				t.Errorf("not met: %v; want one thing, %q", unmet, c.says)
			}
		})
	}
}

// What came before the phase had settled counts in the whole and not in what came then, and
// whoever got neither an answer nor a refusal came in vain.
func TestFiguresOfAPhase(t *testing.T) {
	t.Parallel()
	full, late := status.Error(codes.ResourceExhausted, "full"), status.Error(codes.DeadlineExceeded, "late")
	looks := func(errs ...error) (all []load.Result[int64]) {
		for i, err := range errs {
			all = append(all, load.Result[int64]{Due: time.Duration(i) * settling, Err: err, Late: time.Duration(len(errs)) * time.Millisecond})
		}
		return all
	}
	placed := []load.Result[string]{{Latency: 5, Answer: "a"}, {Due: settling, Latency: 7, Err: late}, {Due: settling, Err: full}}
	f := figuresOf(3*time.Second, placed, looks(full, nil, late, full), looks(nil, full))
	want := Figures{
		Orders: tally{3, 1, 1}, Shown: tally{4, 1, 2}, Ahead: tally{2, 1, 1},
		Settled: 2 * time.Second, OrdersThen: tally{2, 0, 1}, ShownThen: tally{3, 1, 1}, AheadThen: tally{1, 0, 1},
		P99: 5, FirstUnpaid: late, Late: 4 * time.Millisecond,
	}
	if f != want || f.Shown.late() != 1 || f.Ahead.late() != 0 {
		t.Errorf("figures = %+v; want %+v", f, want)
	}
}

func TestRowOfAPhase(t *testing.T) {
	t.Parallel()
	good := goodFigures()
	lost := Figures{Orders: tally{30, 0, 0}, Shown: tally{95, 0, 0}, Ahead: tally{50, 0, 20}}
	for want, f := range map[string]Figures{
		"crowd                        120    120  228.0 ms     1600       860      740      800        35      765\n" +
			"    control   12 places found, 12 taken, 7 wait; pressure 59 %\n": good[1],
		"crowd                         30      0         -       95         0        0       50         0       20\n" +
			"    too late  30 orders, 95 of what is shown, 30 of what is fetched ahead\n" +
			"    control   none: the guard is off\n": lost,
	} {
		if got := row("crowd", f); got != want {
			t.Errorf("row:\n%s\nwant:\n%s", got, want)
		}
	}
}
