package orders_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/orders"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

func TestOrderIsChargedAndReserved(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		for range 2 { // the same order again is the same order
			placed(t, service, "a", "paid")
		}
		s.checkBooks(t, "a +100 kept")
		kept(t, q, "")
	})
}

// Whatever goes wrong with the reservation, the money is given back, and nothing is
// kept. The order is closed then, and the code says so.
func TestFailedReservationIsRefunded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		product string
		script  func(s *shop)
		code    codes.Code
		release int // how often the inventory is asked to put something back
	}{
		{"there is no such product", "table", func(*shop) {}, codes.NotFound, 0},
		{"sold out", "lamp", func(s *shop) { s.script("Reserve", fails(codes.FailedPrecondition), nil) }, codes.FailedPrecondition, 0},
		{"inventory fails", "lamp", func(s *shop) { s.script("Reserve", fails(codes.Unavailable), nil) }, codes.Aborted, 1},
		{"inventory hangs", "lamp", func(s *shop) { s.script("Reserve", takes(time.Minute), nil) }, codes.Aborted, 1},
		{"reserved, and the answer is lost", "lamp", func(s *shop) { s.script("Reserve", nil, fails(codes.Unavailable)) }, codes.Aborted, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
				t.Helper()
				c.script(s)
				o := order("a")
				o.ProductId = c.product
				_, err := service.PlaceOrder(t.Context(), o)
				if status.Code(err) != c.code || !strings.Contains(err.Error(), "a is not reserved, and its charge is given back") {
					t.Errorf("error = %v; want %v, which says that the order is refunded", err, c.code)
				}
				s.checkBooks(t, "a +100 -100")
				kept(t, q, "")
				if n := s.asked("Release"); n != c.release {
					t.Errorf("asked to release %d times; want %d", n, c.release)
				}
				s.script("Reserve", nil, nil)
				if got := place(t.Context(), t, service, o); got != "FailedPrecondition" {
					t.Errorf("placed again: %s; want FailedPrecondition", got)
				}
				s.checkBooks(t, "a +100 -100")
			})
		})
	}
}

// An order that the guard keeps from being reserved may have been reserved when it was
// placed before, so that is given back as well, once the inventory can be asked.
func TestReservationThatWasRefusedIsRefunded(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		s.script("Reserve", fails(codes.Internal), nil)
		s.script("Release", fails(codes.Internal), nil)
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			placed(t, service, id, "Aborted")
		}
		reserve, release := s.asked("Reserve"), s.asked("Release")
		placed(t, service, "f", "Aborted")
		if s.asked("Reserve") != reserve || s.asked("Release") != release {
			t.Error("the inventory was asked while it was cut off")
		}
		s.checkBooks(t, "a +100 -100, b +100 -100, c +100 -100, d +100 -100, e +100 -100, f +100 -100")
		kept(t, q, "a RELEASE, b RELEASE, c RELEASE, d RELEASE, e RELEASE, f RELEASE")
		s.script("Release", nil, nil)
		time.Sleep(orders.OpenFor)
		drained(t, service, 6, "")
		kept(t, q, "")
	})
}

// A caller that goes away in the middle leaves nothing behind.
func TestCallerWhoGoesAwayIsRefunded(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		s.script("Reserve", func(context.Context) error {
			cancel()
			return nil
		}, takes(time.Millisecond))
		if got := place(ctx, t, service, order("a")); got != "Aborted" {
			t.Errorf("order: %s; want Aborted", got)
		}
		s.checkBooks(t, "a +100 -100")
		kept(t, q, "")
	})
}

// An order that is being worked on is not placed a second time.
func TestTheSameOrderAtTheSameTime(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, _ *orders.Queue) {
		t.Helper()
		s.script("Charge", takes(100*time.Millisecond), nil)
		var all sync.WaitGroup
		all.Go(func() { placed(t, service, "a", "paid") })
		time.Sleep(50 * time.Millisecond)
		placed(t, service, "a", "Unavailable")
		placed(t, service, "b", "paid")
		all.Wait()
		placed(t, service, "a", "paid")
		s.checkBooks(t, "a +100 kept, b +100 kept")
	})
}

func TestCheckStock(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, _ *shop, _ *orders.Queue) {
		t.Helper()
		placed(t, service, "a", "paid")
		got, err := service.CheckStock(t.Context(), &shopv1.CheckStockRequest{ProductId: "lamp"})
		if err != nil || got.GetPieces() != inStore-1 {
			t.Errorf("stock = %v, %v; want %d pieces", got, err, inStore-1)
		}
		if _, err := service.CheckStock(t.Context(), &shopv1.CheckStockRequest{ProductId: "table"}); status.Code(err) != codes.NotFound {
			t.Errorf("error = %v; want NOT_FOUND", err)
		}
	})
}

func TestBadOrdersAreNamed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 65)
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, _ *orders.Queue) {
		t.Helper()
		for want, o := range map[string]*shopv1.PlaceOrderRequest{
			`orders: order_id = ""; must have 1 to 64 bytes`:                                                                                  {ProductId: "p", Cents: 1},
			`orders: product_id = "` + long + `"; must have 1 to 64 byt`:                                                                      {OrderId: "1", ProductId: long, Cents: 1},
			"orders: cents = 0; must be in [1, 100000000]":                                                                                    {OrderId: "1", ProductId: "p"},
			"orders: cents = 100000001; must be in [1, 100000000]":                                                                            {OrderId: "1", ProductId: "p", Cents: 100_000_001},
			`orders: order_id = ""; must have 1 to 64 bytes; product_id = ""; must have 1 to 64 bytes; cents = -1; must be in [1, 100000000]`: {Cents: -1},
		} {
			_, err := service.PlaceOrder(t.Context(), o)
			if status.Code(err) != codes.InvalidArgument || !strings.HasPrefix(status.Convert(err).Message(), want) {
				t.Errorf("error = %v; want %s", err, want)
			}
		}
		s.checkBooks(t, "")
	})
}
