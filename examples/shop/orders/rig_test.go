package orders_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/backend"
	"github.com/afloat-go/afloat/examples/shop/backend/ledger"
	"github.com/afloat-go/afloat/examples/shop/backend/stock"
	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/orders"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/afloattest"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// inStore is how many lamps there are in a new shop, and nothing else.
const inStore = 100

// shop is payments and inventory with their data, whose calls can be made to fail,
// before they have done their work or after.
type shop struct {
	account *ledger.Ledger
	room    *stock.Stock

	mu            sync.Mutex
	before, after map[string]func(ctx context.Context) error // by method, as in "Charge"
	calls         map[string]int
}

// newShop opens a shop. It must run inside a bubble.
func newShop(t *testing.T) *shop {
	t.Helper()
	folder := t.TempDir()
	account, err := ledger.Open(filepath.Join(folder, "payments.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = account.Close() })
	room, err := stock.Open(filepath.Join(folder, "inventory.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = room.Close() })
	if err := room.Deliver(map[string]int64{"lamp": inStore}); err != nil {
		t.Fatal(err)
	}
	return &shop{
		account: account, room: room,
		before: map[string]func(context.Context) error{}, after: map[string]func(context.Context) error{},
		calls: map[string]int{},
	}
}

// run runs the scripts, as an interceptor.
func (s *shop) run(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	method := path.Base(info.FullMethod)
	s.mu.Lock()
	before, after := s.before[method], s.after[method]
	s.calls[method]++
	s.mu.Unlock()
	if before != nil {
		if err := before(ctx); err != nil {
			return nil, err
		}
	}
	resp, err := handler(ctx, req)
	if err == nil && after != nil {
		err = after(ctx)
	}
	return resp, err
}

// script makes a method fail before its work or after it. Nil: it does not.
func (s *shop) script(method string, before, after func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before[method], s.after[method] = before, after
}

// asked returns how often a method was called.
func (s *shop) asked(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// connect serves the shop and returns a guarded connection to it. It must run
// inside a bubble.
func (s *shop) connect(t *testing.T) *grpc.ClientConn {
	t.Helper()
	rules, err := guards.Rules("../rules.yaml", config.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	return afloattest.Serve(t, func(server grpc.ServiceRegistrar) {
		backend.Payments(s.account)(server)
		backend.Inventory(s.room)(server)
	}, afloattest.WithName("shop"), afloattest.WithClientRules(rules.Rules()), afloattest.WithServerRules(nil),
		afloattest.WithGRPCServerOptions(grpc.ChainUnaryInterceptor(s.run)))
}

// books returns what was taken and given back for each order, and what is kept for it,
// as in "a +100 -100, b +100 kept".
func (s *shop) books(t *testing.T) string {
	t.Helper()
	entries, err := s.account.Entries()
	if err != nil {
		t.Fatal(err)
	}
	reservations, err := s.room.Reservations()
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, e := range entries {
		said[e.GetOrderId()] += fmt.Sprintf(" %+d", e.GetCents())
	}
	reserved := int64(0)
	for _, r := range reservations {
		if !r.GetReleased() {
			said[r.GetOrderId()] += " kept"
			reserved++
		}
	}
	if left, err := s.room.Left("lamp"); left != inStore-reserved || err != nil {
		t.Errorf("%d lamps left and %d kept, %v; want %d in all", left, reserved, err, inStore)
	}
	var all []string
	for _, id := range slices.Sorted(maps.Keys(said)) {
		all = append(all, id+said[id])
	}
	return strings.Join(all, ", ")
}

// checkBooks checks what the books say of all orders.
func (s *shop) checkBooks(t *testing.T, want string) {
	t.Helper()
	if got := s.books(t); got != want {
		t.Errorf("books: %s\nwant:  %s", got, want)
	}
}

func openQueue(t *testing.T, path string) *orders.Queue {
	t.Helper()
	q, err := orders.OpenQueue(path)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func newService(cc grpc.ClientConnInterface, q *orders.Queue) *orders.Service {
	return orders.New(cc, cc, q, slog.New(slog.DiscardHandler))
}

// inShop runs a test with a service, its shop and its queue.
func inShop(t *testing.T, test func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		q := openQueue(t, filepath.Join(t.TempDir(), "orders.db"))
		t.Cleanup(func() { _ = q.Close() })
		s := newShop(t)
		test(t, newService(s.connect(t), q), s, q)
	})
}

func order(id string) *shopv1.PlaceOrderRequest {
	return &shopv1.PlaceOrderRequest{OrderId: id, ProductId: "lamp", Cents: 100}
}

// fails does so with a code that says that nobody knows what was done, or with another.
func fails(code codes.Code) func(context.Context) error {
	return func(context.Context) error { return status.Error(code, "scripted") }
}

// takes answers after d, or when nobody waits any more.
func takes(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
}

// place places an order and returns what came of it: "paid", "waits (reason)", or the
// code of the error.
func place(ctx context.Context, t *testing.T, service *orders.Service, order *shopv1.PlaceOrderRequest) string {
	t.Helper()
	ctx, scope := degrade.Open(ctx)
	got, err := service.PlaceOrder(degrade.Under(ctx, ""), order)
	report := scope.Close()
	switch marked := report.State("payment_id") == degrade.Missing; {
	case err != nil:
		if got != nil || report.Len() != 0 {
			t.Errorf("%s: %v, with a response %v that says %d things", order.GetOrderId(), err, got, report.Len())
		}
		return status.Code(err).String()
	case marked != (got.GetPaymentId() == "") || report.Len() > 1:
		t.Errorf("%s: payment %q, marked as missing: %v", order.GetOrderId(), got.GetPaymentId(), marked)
	}
	for m := range report.Markers() {
		return fmt.Sprintf("waits (%v)", m.Reason)
	}
	return "paid"
}

// placed places an order and checks what comes of it.
func placed(t *testing.T, service *orders.Service, id, want string) {
	t.Helper()
	if got := place(t.Context(), t, service, order(id)); got != want {
		t.Errorf("order %s: %s; want %s", id, got, want)
	}
}

// kept checks what is kept in the queue, as in "a FULFIL, b REFUND".
func kept(t *testing.T, q *orders.Queue, want string) {
	t.Helper()
	all, err := q.Kept()
	var said []string
	for _, k := range all {
		said = append(said, k.GetOrder().GetOrderId()+" "+strings.TrimPrefix(k.GetStep().String(), "STEP_"))
	}
	if got := strings.Join(said, ", "); got != want || err != nil {
		t.Errorf("kept: %s, %v; want %s", got, err, want)
	}
}

// drained drains the queue and checks how many orders are settled, and what the error
// says of others; empty: there is none.
func drained(t *testing.T, service *orders.Service, want int, says string) {
	t.Helper()
	n, err := service.Drain(t.Context())
	if n != want || (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
		t.Errorf("settled %d, %v; want %d, and an error with %q", n, err, want, says)
	}
}

// cutOff opens the circuit of payments: ten orders find that they fail.
func cutOff(t *testing.T, service *orders.Service, s *shop) {
	t.Helper()
	s.script("Charge", fails(codes.Unavailable), nil)
	for i := range 10 {
		placed(t, service, fmt.Sprintf("early %d", i), "waits (unavailable)")
	}
	placed(t, service, "first", "waits (circuit_open)")
}
