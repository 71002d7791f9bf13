package checkout

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/orders"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/breaker"
)

// figures returns those of a phase with one fate for all of its 80 orders, and with the
// circuits in these states.
func figures(is fate, payments, inventory breaker.State) Figures {
	return Figures{
		Orders: 80, Fates: map[fate]int{is: 80}, Marked: map[string]int{}, LastSecond: 40,
		P50: 2 * time.Millisecond, P99: 9 * time.Millisecond,
		Full: map[string]int{}, Reached: map[string]int{},
		Circuits: []guards.Circuit{{Service: orders.Payments, State: payments}, {Service: orders.Inventory, State: inventory}},
	}
}

// goodFigures returns good figures for each phase, by its place in the act.
func goodFigures() []Figures {
	const closed, open = breaker.Closed, breaker.Open
	const toCharge, toPutBack = shopv1.Step_STEP_FULFIL, shopv1.Step_STEP_RELEASE
	well := figures(paid, closed, closed)
	well.Stock = &stockFigures{asked: 100, p99: 5 * time.Millisecond}
	sells := figures(paid, closed, closed)
	sells.Orders, sells.Rare, sells.Fates = 40, 5, map[fate]int{paid: 5, givenBack: 35}
	inventory := figures(givenBack, closed, open)
	inventory.Reached[orders.Inventory], inventory.After = 15, onDisk{toPutBack: 80}
	recovered := figures(paid, closed, closed)
	recovered.PaidAtLast, recovered.Before = 40, onDisk{toPutBack: 80}
	inRush := figures(paid, closed, closed)
	inRush.Orders, inRush.Fates, inRush.Stock = 400, map[fate]int{paid: 40, refused: 360}, well.Stock
	inRush.Full[orders.Payments], inRush.Reached[orders.Payments] = 360, 40
	fails := figures(waiting, open, closed)
	fails.Reached[orders.Payments], fails.After = 15, onDisk{toCharge: 80}
	restarts := figures(waiting, open, closed)
	restarts.Orders, restarts.Fates = 40, map[fate]int{waiting: 40}
	restarts.Before, restarts.Restarted, restarts.After = onDisk{toCharge: 80}, onDisk{toCharge: 80}, onDisk{toCharge: 120}
	restarts.Reached[orders.Payments] = 12
	again := figures(paid, closed, closed)
	again.Fates, again.PaidAtLast = map[fate]int{paid: 70, waiting: 10}, 40
	return []Figures{well, sells, inventory, recovered, inRush, fails, restarts, again, figures(paid, closed, closed)}
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
		{0, "an order waits", func(f *Figures) { f.Fates[waiting] = 1 }, "1 of 80 orders are waiting; must be none"},
		{0, "an order is lost", func(f *Figures) { f.Fates[unclear], f.FirstUnclear = 1, errors.New("hung up") }, "1 of 80 orders are unclear (the first: hung up)"},
		{0, "the books are wrong", func(f *Figures) { f.Books.wrong, f.Books.firstWrong = 2, errors.New("charged twice") }, "something else of 2 orders than was said to the customer (the first: charged twice)"},
		{0, "something is left to do", func(f *Figures) { f.After = onDisk{shopv1.Step_STEP_UNDO: 1} }, "on disk: 1 to refund; must be none"},
		{0, "a question failed", func(f *Figures) { f.Stock = &stockFigures{asked: 100, failed: 1, firstError: errors.New("full")} }, "1 of 100 questions for the stock failed (the first: full)"},
		{0, "a circuit opened", func(f *Figures) { f.Circuits[0].State = breaker.Open }, "the circuit of payments is open"},
		{1, "sold more than there was", func(f *Figures) { f.Fates = map[fate]int{paid: 6, givenBack: 34} }, "sold 6 of 5 pieces; must be 5"},
		{1, "sold less than there was", func(f *Figures) { f.Fates = map[fate]int{paid: 4, givenBack: 36} }, "sold 4 of 5 pieces; must be 5"},
		{2, "an order is paid", func(f *Figures) { f.Fates[paid] = 1 }, "1 of 80 orders are paid; must be none"},
		{2, "inventory is not cut off", func(f *Figures) { f.Circuits[1].State = breaker.Closed }, "the circuit of inventory is closed"},
		{2, "payments are", func(f *Figures) { f.Circuits[0].State = breaker.HalfOpen }, "the circuit of payments is half_open"},
		{2, "asked too often", func(f *Figures) { f.Reached[orders.Inventory] = 37 }, "calls that reached inventory = 37 of 80; must be at most 36"},
		{3, "not paid at last", func(f *Figures) { f.PaidAtLast = 39 }, "paid in the last second = 39 of 40"},
		{3, "something is left to do", func(f *Figures) { f.After = f.Before }, "on disk: 80 to put back; must be none"},
		{3, "a circuit stays open", func(f *Figures) { f.Circuits[1].State = breaker.HalfOpen }, "the circuit of inventory is half_open"},
		{4, "an order waits", func(f *Figures) { f.Fates[waiting] = 1 }, "1 of 400 orders are waiting"},
		{4, "too few are refused", func(f *Figures) { f.Fates, f.Full[orders.Payments] = map[fate]int{paid: 201, refused: 199}, 199 }, "refused = 199 of 400"},
		{4, "refused by the other", func(f *Figures) { f.Full = map[string]int{orders.Payments: 359, orders.Inventory: 1} }, "360 orders were refused, 359 by payments and 1 by inventory"},
		{4, "the other is full", func(f *Figures) { f.Full[orders.Inventory] = 1 }, "1 by inventory; must be none"},
		{4, "the other is slow", func(f *Figures) { f.Stock = &stockFigures{asked: 100, p99: 101 * time.Millisecond} }, "p99 of questions for the stock = 101.0 ms; must be at most 100.0 ms"},
		{5, "an order fails", func(f *Figures) { f.Fates[refused] = 1 }, "1 of 80 orders are refused"},
		{5, "an order waits for its answer", func(f *Figures) { f.P99 = 201 * time.Millisecond }, "p99 = 201.0 ms"},
		{5, "an order is not on disk", func(f *Figures) { f.After = onDisk{shopv1.Step_STEP_FULFIL: 79} }, "orders on disk = 79 of 80"},
		{5, "payments are not cut off", func(f *Figures) { f.Circuits[0].State = breaker.Closed }, "the circuit of payments is closed"},
		{6, "the restart lost an order", func(f *Figures) { f.Restarted = onDisk{shopv1.Step_STEP_FULFIL: 79} }, "on disk: 80 to charge for before the restart, 79 to charge for after it"},
		{6, "nothing was there to be lost", func(f *Figures) {
			f.Before, f.Restarted, f.After = nil, nil, onDisk{shopv1.Step_STEP_FULFIL: 40}
		}, "on disk: none before the restart"},
		{7, "an order is given back", func(f *Figures) { f.Fates[givenBack] = 1 }, "1 of 80 orders are given back"},
		{7, "an order still waits", func(f *Figures) { f.After = onDisk{shopv1.Step_STEP_FULFIL: 1} }, "on disk: 1 to charge for; must be none"},
		{8, "an order waits still", func(f *Figures) { f.Fates[waiting] = 1 }, "1 of 80 orders are waiting"},
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

func TestRowOfAPhase(t *testing.T) {
	t.Parallel()
	good := goodFigures()
	good[6].Marked = map[string]int{"missing (circuit_open)": 30, "missing (unavailable)": 10}
	lost := good[0]
	lost.Orders, lost.Fates, lost.FirstUnclear, lost.Stock = 1, map[fate]int{unclear: 1}, errors.New("hung up"), nil
	for want, f := range map[string]Figures{
		"outage                          40        0       40           0        0    2.0 ms    9.0 ms\n" +
			"    markers   payment_id on 40 orders: missing (circuit_open) 30, missing (unavailable) 10\n" +
			"    books     0 charged, 0 given back, 0 pieces kept\n" +
			"    restart   the service stopped with 80 to charge for on disk, and was back with 80 to charge for\n" +
			"    on disk   in the beginning 80 to charge for; in the end 120 to charge for\n" +
			"    reached   payments was called 12 times\n" +
			"    circuits  payments open; the others closed\n": good[6],
		"outage                         400       40        0           0      360    2.0 ms    9.0 ms\n" +
			"    books     0 charged, 0 given back, 0 pieces kept\n" +
			"    places    none left for 360 calls to payments, 0 to inventory\n" +
			"    stock     inventory was asked 100 times meanwhile: 0 failed, p99 5.0 ms\n" +
			"    reached   payments was called 40 times\n" +
			"    circuits  all closed\n": good[4],
		"outage                           1        0        0           0        0         -         -\n" +
			"    unclear   1 orders, the first: hung up\n" +
			"    books     0 charged, 0 given back, 0 pieces kept\n" +
			"    circuits  all closed\n": lost,
	} {
		if got := row("outage", f); got != want {
			t.Errorf("row:\n%s\nwant:\n%s", got, want)
		}
	}
}
