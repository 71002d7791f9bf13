package system_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/orders"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// place places an order for a lamp and returns the payment, and what is said of it.
func place(t *testing.T, s *system.System, id string) (string, degrade.Report, error) {
	t.Helper()
	var report degrade.Report
	got, err := s.Orders().Client().PlaceOrder(t.Context(), &shopv1.PlaceOrderRequest{
		OrderId: id, ProductId: "product-001", Cents: 100,
	}, degrade.Capture(&report))
	return got.GetPaymentId(), report, err
}

func TestOrdersAreTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		payment, report, err := place(t, s, "a")
		if payment == "" || !report.Complete() || err != nil {
			t.Errorf("payment = %q, %v, %v", payment, report, err)
		}
		for product, want := range map[string]int64{"product-001": system.Pieces - 1, "product-002": system.Pieces, system.Rare: system.RarePieces} {
			got, err := s.Orders().Client().CheckStock(t.Context(), &shopv1.CheckStockRequest{ProductId: product})
			if left, err2 := s.Room().Left(product); got.GetPieces() != want || left != want || errors.Join(err, err2) != nil {
				t.Errorf("%s: %v pieces, %d in the store room, %v, %v; want %d", product, got, left, err, err2, want)
			}
		}
		entries, err := s.Account().Entries()
		if err != nil || len(entries) != 1 || entries[0].GetCents() != 100 {
			t.Errorf("entries = %v, %v; want one", entries, err)
		}
	})
}

// Orders wait through a restart of the service, and are settled by themselves.
func TestOrdersWaitThroughARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		become(t, s, system.Failing)
		payment, report, err := place(t, s, "a")
		if payment != "" || report.State("payment_id") != degrade.Missing || report.Len() != 1 || err != nil {
			t.Errorf("payment = %q, %v, %v; want an order that waits", payment, report, err)
		}
		for m := range report.Markers() {
			if m.Source != (degrade.Source{}) {
				t.Errorf("marker %+v is not for clients", m)
			}
		}
		before := s.Orders()
		if err := s.RestartOrders(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := before.Queue().Kept(); err == nil || s.Orders() == before {
			t.Error("the service was not started anew")
		}
		waiting(t, s, 1)
		become(t, s, system.Well)
		time.Sleep(2 * orders.OpenFor)
		waiting(t, s, 0)
		if payment, _, err := place(t, s, "a"); payment != "payment-000001" || err != nil {
			t.Errorf("placed again: %q, %v", payment, err)
		}
	})
}

// become changes what is wrong with payments.
func become(t *testing.T, s *system.System, how system.Sickness) {
	t.Helper()
	if err := s.Backend(orders.Payments).Become(how); err != nil {
		t.Fatal(err)
	}
}

// waiting checks how many orders wait.
func waiting(t *testing.T, s *system.System, want int) {
	t.Helper()
	if kept, err := s.Orders().Queue().Kept(); len(kept) != want || err != nil {
		t.Errorf("%v wait, %v; want %d", kept, err, want)
	}
}

func TestRefusalsAreCountedByCompartment(t *testing.T) {
	t.Parallel()
	const flood = 50
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		become(t, s, system.Slow)
		var refused atomic.Int64
		var all sync.WaitGroup
		for i := range flood {
			all.Go(func() {
				if _, _, err := place(t, s, fmt.Sprint("order ", i)); status.Code(err) == codes.ResourceExhausted {
					refused.Add(1)
				}
			})
		}
		all.Wait()
		o := s.Orders()
		counts := o.Refused()
		if n := counts[orders.Payments]; n != flood-orders.PaymentPlaces || int(refused.Load()) != n || counts[orders.Inventory] != 0 {
			t.Errorf("refused for want of a place: %d by payments, %d by inventory, %d orders; want %d, none, the same",
				n, counts[orders.Inventory], refused.Load(), flood-orders.PaymentPlaces)
		}
		if all := guards.Circuits(o.Guard(), orders.Guarded()); len(all) != 2 {
			t.Errorf("circuits = %v; want two", all)
		}
	})
}

// A restart that fails leaves a system without the service, which can be stopped.
func TestRestartThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		room := 11
		s, err := system.Start(t.Context(), system.Config{Network: crowded{room: &room}, Folder: t.TempDir(), Rules: rules})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RestartOrders(t.Context()); !errors.Is(err, errNoPort) || s.Orders() != nil {
			t.Errorf("error = %v, service %v; want that of the network, and none", err, s.Orders())
		}
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
}
