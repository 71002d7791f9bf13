package orders_test

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/orders"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

const flood = 100

// stockOf asks how many lamps there are.
func stockOf(t *testing.T, service *orders.Service) error {
	t.Helper()
	_, err := service.CheckStock(t.Context(), &shopv1.CheckStockRequest{ProductId: "lamp"})
	return err
}

// flooded runs a test while a compartment is flooded, and checks that its places are
// taken and the rest is refused.
func flooded(t *testing.T, places int, ask func(i int) error, test func()) {
	t.Helper()
	var full atomic.Int64
	var all sync.WaitGroup
	for i := range flood {
		all.Go(func() {
			if err := ask(i); status.Code(err) == codes.ResourceExhausted {
				full.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	synctest.Wait()
	begin := time.Now()
	test()
	if took := time.Since(begin); took != 0 {
		t.Errorf("the other compartment is held up for %v", took)
	}
	all.Wait()
	if n := int(full.Load()); n != flood-places {
		t.Errorf("%d calls refused; want %d", n, flood-places)
	}
}

// pay places the i-th order.
func pay(t *testing.T, service *orders.Service, i int) error {
	t.Helper()
	_, err := service.PlaceOrder(t.Context(), order(strconv.Itoa(i)))
	return err
}

// A flood on payments takes its own places and none of inventory's. What it refuses is
// not in doubt: the order fails, and nothing is kept of it.
func TestFloodOnPayments(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		s.script("Charge", takes(500*time.Millisecond), nil)
		flooded(t, orders.PaymentPlaces, func(i int) error { return pay(t, service, i) }, func() {
			for range orders.InventoryPlaces {
				if err := stockOf(t, service); err != nil {
					t.Errorf("inventory suffers: %v", err)
				}
			}
		})
		kept(t, q, "")
		if n := strings.Count(s.books(t), "+100 kept"); n != orders.PaymentPlaces || s.asked("Charge") != n {
			t.Errorf("%d orders are paid, of %d charges; want %d", n, s.asked("Charge"), orders.PaymentPlaces)
		}
	})
}

// And the other way around: an order is charged for at once, also if it cannot be
// reserved for want of a place.
func TestFloodOnInventory(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		s.script("GetStock", takes(500*time.Millisecond), nil)
		flooded(t, orders.InventoryPlaces, func(int) error { return stockOf(t, service) }, func() {
			placed(t, service, "a", "Aborted")
			s.checkBooks(t, "a +100 -100")
		})
		drained(t, service, 1, "")
		kept(t, q, "")
	})
}

// An order that was accepted waits out a flood.
func TestAcceptedOrderInAFlood(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		s.script("Charge", fails(codes.Unavailable), nil)
		placed(t, service, "a", "waits (unavailable)")
		s.script("Charge", takes(500*time.Millisecond), nil)
		flooded(t, orders.PaymentPlaces, func(i int) error { return pay(t, service, i) }, func() {
			drained(t, service, 0, "bulkhead: full")
			placed(t, service, "a", "waits (concurrency_limited)")
			kept(t, q, "a FULFIL")
		})
		drained(t, service, 1, "")
		placed(t, service, "a", "paid")
	})
}
