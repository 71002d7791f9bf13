package orders_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/examples/shop/database"
	"github.com/afloat-go/afloat/examples/shop/orders"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// What becomes of a charge is not always known: the order waits, and the charge is made
// once whatever became of it.
func TestOrdersWaitWhileNobodyKnows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		before, after func(context.Context) error
		reason        string
	}{
		{"payments fail", fails(codes.Unavailable), nil, "unavailable"},
		{"payments hang", takes(time.Minute), nil, "timeout"},
		{"charged, and the answer is lost", nil, fails(codes.Internal), "error"},
		{"charged, and too late", nil, takes(time.Minute), "timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
				t.Helper()
				s.script("Charge", c.before, c.after)
				placed(t, service, "a", "waits ("+c.reason+")")
				kept(t, q, "a FULFIL")
				s.script("Charge", nil, nil)
				drained(t, service, 1, "")
				drained(t, service, 0, "")
				kept(t, q, "")
				s.checkBooks(t, "a +100 kept")
				placed(t, service, "a", "paid") // that is how its caller learns of it
				s.checkBooks(t, "a +100 kept")
			})
		})
	}
}

// While payments are cut off orders wait. Run charges for them by itself, once that is
// possible again, the oldest first, and stops when it is told to.
func TestOrdersAreDrainedByThemselves(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { service.Run(ctx) })
		cutOff(t, service, s)
		time.Sleep(10 * time.Second)
		if all, err := q.Kept(); len(all) != 11 || err != nil {
			t.Errorf("%d orders wait, %v; want 11", len(all), err)
		}
		if n := s.asked("Charge"); n > 10+100 { // a fifth of OpenFor apart
			t.Errorf("payments were asked %d times in 10 s; want a probe now and then", n)
		}
		s.script("Charge", nil, nil)
		time.Sleep(2 * time.Second)
		kept(t, q, "")
		cancel()
		running.Wait()
		entries, err := s.account.Entries()
		if err != nil || len(entries) != 11 || entries[0].GetOrderId() != "early 0" || entries[10].GetOrderId() != "first" {
			t.Errorf("entries = %v, %v; want one for each order, the oldest first", entries, err)
		}
		placed(t, service, "first", "paid")
	})
}

// Placed again, an order that waits is tried again.
func TestOrderThatWaitsIsPlacedAgain(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		s.script("Charge", fails(codes.Unavailable), nil)
		for range 2 {
			placed(t, service, "a", "waits (unavailable)")
			kept(t, q, "a FULFIL")
		}
		for change, o := range map[string]*shopv1.PlaceOrderRequest{
			"another product": {OrderId: "a", ProductId: "chair", Cents: 100},
			"another price":   {OrderId: "a", ProductId: "lamp", Cents: 1},
		} {
			if got := place(t.Context(), t, service, o); got != "AlreadyExists" {
				t.Errorf("with %s: %s; want AlreadyExists", change, got)
			}
		}
		s.script("Charge", nil, nil)
		placed(t, service, "a", "paid")
		kept(t, q, "")
		s.checkBooks(t, "a +100 kept")
		if got := place(t.Context(), t, service, &shopv1.PlaceOrderRequest{OrderId: "a", ProductId: "lamp", Cents: 1}); got != "AlreadyExists" {
			t.Errorf("another price after it was paid: %s; want AlreadyExists", got)
		}
		s.checkBooks(t, "a +100 kept")
	})
}

// What was accepted is not refunded for want of an answer, but waits for one.
func TestAcceptedOrderWaitsForTheInventory(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer func(context.Context) error
		books  string
		says   string
	}{
		{"there are some", nil, "a +100 kept", ""},
		{"sold out", fails(codes.FailedPrecondition), "a +100 -100", "a is not reserved, and its charge is given back"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
				t.Helper()
				s.script("Charge", fails(codes.Unavailable), nil)
				placed(t, service, "a", "waits (unavailable)")
				s.script("Charge", nil, nil)
				s.script("Reserve", fails(codes.Unavailable), nil)
				drained(t, service, 0, "scripted")
				placed(t, service, "a", "waits (unavailable)")
				s.checkBooks(t, "a +100")
				kept(t, q, "a FULFIL")
				s.script("Reserve", c.answer, nil)
				drained(t, service, 1, c.says)
				s.checkBooks(t, c.books)
				kept(t, q, "")
			})
		})
	}
}

// Money that could not be given back is owed, and given back later. Meanwhile the order
// is closed.
func TestRefundThatFailsIsOwed(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		s.script("Reserve", nil, fails(codes.Unavailable))
		s.script("Refund", fails(codes.Unavailable), nil)
		placed(t, service, "a", "Aborted")
		kept(t, q, "a UNDO")
		s.script("Reserve", nil, nil)
		placed(t, service, "a", "FailedPrecondition")
		drained(t, service, 0, "scripted")
		s.checkBooks(t, "a +100 kept")

		s.script("Refund", nil, nil)
		s.script("Release", fails(codes.Unavailable), nil)
		drained(t, service, 0, "scripted")
		kept(t, q, "a RELEASE")
		s.checkBooks(t, "a +100 -100 kept")

		refunds := s.asked("Refund")
		s.script("Release", nil, nil)
		drained(t, service, 1, "")
		s.checkBooks(t, "a +100 -100")
		kept(t, q, "")
		if s.asked("Refund") != refunds {
			t.Error("what was refunded was asked for again")
		}
	})
}

// What is owed is given back first, and waits for nothing that it does not need.
func TestWhatIsOwedComesFirst(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		s.script("Charge", fails(codes.Unavailable), nil)
		placed(t, service, "a", "waits (unavailable)")
		s.script("Charge", nil, nil)
		s.script("Reserve", fails(codes.Unavailable), nil)
		s.script("Release", fails(codes.Unavailable), nil)
		placed(t, service, "b", "Aborted")
		s.script("Refund", fails(codes.Unavailable), nil)
		for _, id := range []string{"c", "d", "e", "f", "g", "h", "i", "j"} {
			placed(t, service, id, "Aborted") // the last of them opens the circuit of the inventory
		}
		s.script("Refund", nil, nil)
		kept(t, q, "a FULFIL, b RELEASE, c UNDO, d UNDO, e UNDO, f UNDO, g UNDO, h UNDO, i UNDO, j UNDO")

		drained(t, service, 0, "orders: b: breaker: open: /shop.v1.InventoryService/Release")
		kept(t, q, "a FULFIL, b RELEASE, c RELEASE, d RELEASE, e RELEASE, f RELEASE, g RELEASE, h RELEASE, i RELEASE, j RELEASE")
		const refunded = "b +100 -100, c +100 -100, d +100 -100, e +100 -100, f +100 -100, g +100 -100, h +100 -100, i +100 -100, j +100 -100"
		s.checkBooks(t, "a +100, "+refunded)

		s.script("Reserve", nil, nil)
		s.script("Release", nil, nil)
		time.Sleep(orders.OpenFor)
		drained(t, service, 10, "")
		s.checkBooks(t, "a +100 kept, "+refunded)
	})
}

// An order that fails does not hold up others. A refusal does.
func TestOrderThatFailsIsPassedOver(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		s.script("Charge", fails(codes.Unavailable), nil)
		for _, id := range []string{"c", "a", "b"} {
			placed(t, service, id, "waits (unavailable)")
		}
		calls := 0
		s.script("Charge", func(context.Context) error {
			if calls++; calls == 1 {
				return errors.New("this one always fails")
			}
			return nil
		}, nil)
		drained(t, service, 2, "orders: c: ")
		kept(t, q, "c FULFIL")
		s.checkBooks(t, "a +100 kept, b +100 kept")
	})
}

func TestDrainStopsAtARefusal(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, _ *orders.Queue) {
		t.Helper()
		cutOff(t, service, s)
		asked := s.asked("Charge")
		_, err := service.Drain(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), "orders: early 0: breaker: open") || strings.Contains(err.Error(), "early 1") {
			t.Errorf("error = %v; want the refusal of the first order", err)
		}
		if s.asked("Charge") != asked {
			t.Error("payments were asked while they were cut off")
		}
		time.Sleep(orders.OpenFor)
		drained(t, service, 0, "scripted") // the probe fails, and the rest is refused
		if n := s.asked("Charge") - asked; n != 1 {
			t.Errorf("payments were asked %d times; want once, by the probe", n)
		}
	})
}

// An order that is placed again while the queue is drained is left to its caller.
func TestDrainLeavesAloneWhatOthersAreAt(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		s.script("Charge", fails(codes.Unavailable), nil)
		for _, id := range []string{"a", "b", "c"} {
			placed(t, service, id, "waits (unavailable)")
		}
		asked := s.asked("Charge")
		slow := []time.Duration{100 * time.Millisecond, 0, 500 * time.Millisecond} // of a, b and c
		s.script("Charge", func(ctx context.Context) error { return takes(slow[s.asked("Charge")-asked-1])(ctx) }, nil)
		var all sync.WaitGroup
		all.Go(func() { drained(t, service, 1, "") }) // a
		time.Sleep(50 * time.Millisecond)
		placed(t, service, "b", "paid")                    // before the drain comes to it
		all.Go(func() { placed(t, service, "c", "paid") }) // while it does
		all.Wait()
		if n := s.asked("Charge") - asked; n != 3 {
			t.Errorf("payments were asked %d times; want once for each order", n)
		}
		kept(t, q, "")
	})
}

// Each order is charged for once, also if the program dies after it has charged for one
// and before it has noted that.
func TestCrashBetweenChargeAndNote(t *testing.T) {
	t.Parallel()
	const accepted = 7
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "orders.db")
		q, s := openQueue(t, path), newShop(t)
		cc := s.connect(t)
		service := newService(cc, q)
		s.script("Charge", fails(codes.Unavailable), nil)
		for i := range accepted {
			placed(t, service, strconv.Itoa(i), "waits (unavailable)")
		}
		reserved := 0
		s.script("Charge", nil, nil)
		s.script("Reserve", nil, func(context.Context) error {
			if reserved++; reserved == 4 {
				return q.Close() // the program dies
			}
			return nil
		})
		if _, err := service.Drain(t.Context()); err == nil {
			t.Error("a dead program has drained its queue")
		}
		if _, err := q.Kept(); err == nil {
			t.Error("a dead program reads its queue")
		}

		next := openQueue(t, path)
		t.Cleanup(func() { _ = next.Close() })
		if all, err := next.Kept(); len(all) != accepted-3 || err != nil {
			t.Errorf("%d orders wait after the restart, %v; want %d", len(all), err, accepted-3)
		}
		service = newService(cc, next)
		drained(t, service, accepted-3, "")
		s.checkBooks(t, "0 +100 kept, 1 +100 kept, 2 +100 kept, 3 +100 kept, 4 +100 kept, 5 +100 kept, 6 +100 kept")
		kept(t, next, "")
	})
}

// What cannot be kept cannot be accepted, and the caller has to come again.
func TestOrderThatCannotBeKept(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		s.script("Charge", func(context.Context) error { return errors.Join(q.Close(), errors.New("down")) }, nil)
		placed(t, service, "a", "Unavailable")
		placed(t, service, "a", "Unavailable")
		s.checkBooks(t, "")
		drained(t, service, 0, "not open")
	})
}

func TestQueueInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "orders.db")
	q := openQueue(t, path)
	if _, err := orders.OpenQueue(path); !errors.Is(err, database.ErrLocked) {
		t.Errorf("error = %v; want ErrLocked", err)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}
