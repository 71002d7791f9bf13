package orders_test

import (
	"context"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/examples/dashboard/orders"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// shop is payments and inventory, which are made to fail.
type shop struct {
	dashboardv1.UnimplementedPaymentServiceServer
	dashboardv1.UnimplementedInventoryServiceServer

	mu       sync.Mutex
	charged  map[string]int64 // by order, what was taken and not given back
	charges  map[string]int   // by order, how often money changed hands
	reserved map[string]string

	charge, reserve func(ctx context.Context) error
	calls           atomic.Int64
}

func newShop() *shop {
	return &shop{charged: map[string]int64{}, charges: map[string]int{}, reserved: map[string]string{}}
}

func (s *shop) Charge(ctx context.Context, req *dashboardv1.ChargeRequest) (*dashboardv1.ChargeResponse, error) {
	s.calls.Add(1)
	if s.charge != nil {
		if err := s.charge(ctx); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, before := s.charged[req.GetOrderId()]; !before {
		s.charged[req.GetOrderId()] = req.GetCents()
		s.charges[req.GetOrderId()]++
	}
	return &dashboardv1.ChargeResponse{PaymentId: "payment of " + req.GetOrderId()}, nil
}

func (s *shop) Refund(_ context.Context, req *dashboardv1.RefundRequest) (*dashboardv1.RefundResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.charged, req.GetOrderId())
	return &dashboardv1.RefundResponse{}, nil
}

func (s *shop) Reserve(ctx context.Context, req *dashboardv1.ReserveRequest) (*dashboardv1.ReserveResponse, error) {
	if s.reserve != nil {
		if err := s.reserve(ctx); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reserved[req.GetOrderId()] = req.GetProductId()
	return &dashboardv1.ReserveResponse{}, nil
}

// connect serves the shop and returns a guarded connection to it. It must run
// inside a bubble.
func (s *shop) connect(t *testing.T) *grpc.ClientConn {
	t.Helper()
	rules, err := orders.Guard()
	if err != nil {
		t.Fatal(err)
	}
	lis := bufconn.Listen(1 << 16)
	server := grpc.NewServer(grpc.WaitForHandlers(true))
	dashboardv1.RegisterPaymentServiceServer(server, s)
	dashboardv1.RegisterInventoryServiceServer(server, s)
	go func() {
		if err := server.Serve(lis); err != nil {
			t.Errorf("serve: %v", err)
		}
	}()
	t.Cleanup(server.Stop)
	cc, err := grpc.NewClient("passthrough:///shop", append(
		interceptors.DialOptions(rules),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

func openQueue(t *testing.T, path string) *orders.Queue {
	t.Helper()
	q, err := orders.OpenQueue(path)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func order(id string) *dashboardv1.PlaceOrderRequest {
	return &dashboardv1.PlaceOrderRequest{OrderId: id, ProductId: "product-001", Cents: 100}
}

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

// inShop runs a test with a service, its shop and its queue.
func inShop(t *testing.T, test func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "orders.db")
	synctest.Test(t, func(t *testing.T) {
		q := openQueue(t, path)
		t.Cleanup(func() { _ = q.Close() })
		s := newShop()
		cc := s.connect(t)
		test(t, orders.New(cc, cc, q), s, q)
	})
}

func TestOrderIsChargedAndReserved(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, _ *orders.Queue) {
		t.Helper()
		for range 2 { // the same order again is the same order
			got, err := service.PlaceOrder(t.Context(), order("1"))
			if err != nil || got.GetPaymentId() != "payment of 1" {
				t.Errorf("response = %v, %v", got, err)
			}
		}
		if s.charged["1"] != 100 || s.charges["1"] != 1 || s.reserved["1"] != "product-001" {
			t.Errorf("charged %v, %v times; reserved %v", s.charged, s.charges, s.reserved)
		}
	})
}

func TestFailedReservationIsRefunded(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, _ *orders.Queue) {
		t.Helper()
		s.reserve = fails(codes.FailedPrecondition)
		if _, err := service.PlaceOrder(t.Context(), order("1")); status.Code(err) != codes.FailedPrecondition {
			t.Errorf("error = %v", err)
		}
		if s.charges["1"] != 1 || len(s.charged) != 0 {
			t.Errorf("charged %v times and kept %v; want once and nothing", s.charges, s.charged)
		}
	})
}

// A flood on payments takes its own places and none of inventory's, and the other
// way around.
func TestCompartmentsDoNotShareTheirPlaces(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, _ *orders.Service, s *shop, _ *orders.Queue) {
		t.Helper()
		s.charge = takes(500 * time.Millisecond)
		cc := s.connect(t)
		payments, inventory := dashboardv1.NewPaymentServiceClient(cc), dashboardv1.NewInventoryServiceClient(cc)
		var full atomic.Int64
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				_, err := payments.Charge(t.Context(), &dashboardv1.ChargeRequest{OrderId: strconv.Itoa(i), Cents: 1})
				if status.Code(err) == codes.ResourceExhausted {
					full.Add(1)
				}
			})
		}
		synctest.Wait()
		for range orders.InventoryPlaces {
			if _, err := inventory.Reserve(t.Context(), &dashboardv1.ReserveRequest{OrderId: "x", ProductId: "y"}); err != nil {
				t.Errorf("inventory suffers: %v", err)
			}
		}
		all.Wait()
		if n := full.Load(); n != 100-orders.PaymentPlaces || s.calls.Load() != orders.PaymentPlaces {
			t.Errorf("%d calls refused, %d reached payments; want %d and %d", n, s.calls.Load(), 100-orders.PaymentPlaces, orders.PaymentPlaces)
		}
	})
}

// payLater opens the circuit of payments.
func payLater(t *testing.T, service *orders.Service, s *shop) {
	t.Helper()
	s.charge = fails(codes.Unavailable)
	for i := range 10 {
		if _, err := service.PlaceOrder(t.Context(), order("failed "+strconv.Itoa(i))); status.Code(err) != codes.Unavailable {
			t.Errorf("error = %v", err)
		}
	}
}

// accept places orders while payments are cut off.
func accept(t *testing.T, service *orders.Service, n int) {
	t.Helper()
	for i := range n {
		ctx, scope := degrade.Open(t.Context())
		got, err := service.PlaceOrder(degrade.Under(ctx, ""), order(strconv.Itoa(i)))
		if err != nil || got.GetPaymentId() != "" || scope.Close().State("payment_id") != degrade.Missing {
			t.Errorf("response = %v, %v", got, err)
		}
	}
}

// drained empties the queue as far as it goes.
func drained(t *testing.T, service *orders.Service, want int, fails bool) {
	t.Helper()
	if n, err := service.Drain(t.Context()); n != want || fails != (err != nil) {
		t.Errorf("drained %d, %v; want %d, an error: %v", n, err, want, fails)
	}
}

// checkOnce: the first n orders, and no others, were charged for once.
func (s *shop) checkOnce(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		if id := strconv.Itoa(i); s.charged[id] != 100 || s.charges[id] != 1 || s.reserved[id] == "" {
			t.Errorf("order %s: charged %d, %d times, reserved %q", id, s.charged[id], s.charges[id], s.reserved[id])
		}
	}
	if len(s.charged) != n {
		t.Errorf("charged for %d orders; want %d", len(s.charged), n)
	}
}

// While payments are cut off, orders are accepted; each is charged for once when
// they are back, also if the program dies after it has charged for one and before it
// has noted that.
func TestOrdersWaitForPaymentsAndAreChargedOnce(t *testing.T) {
	t.Parallel()
	const accepted = 7
	path := filepath.Join(t.TempDir(), "orders.db")
	synctest.Test(t, func(t *testing.T) {
		q, s := openQueue(t, path), newShop()
		cc := s.connect(t)
		service := orders.New(cc, cc, q)
		payLater(t, service, s)
		accept(t, service, accepted)
		drained(t, service, 0, true)

		time.Sleep(2 * orders.OpenFor)
		s.charge = nil
		var calls atomic.Int64
		s.reserve = func(context.Context) error {
			if calls.Add(1) == 4 {
				return q.Close() // the program dies
			}
			return nil
		}
		drained(t, service, 4, true)

		next := openQueue(t, path)
		t.Cleanup(func() { _ = next.Close() })
		service = orders.New(cc, cc, next)
		drained(t, service, accepted-3, false)
		s.checkOnce(t, accepted)
		drained(t, service, 0, false)
		if left, err := next.Waiting(); len(left) != 0 || err != nil {
			t.Errorf("%d orders left, %v", len(left), err)
		}
		if _, err := q.Waiting(); err == nil {
			t.Error("the dead program still reads its queue")
		}
	})
}

func TestAnOrderThatIsNotToBeHadWaitsNoMore(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, s *shop, q *orders.Queue) {
		t.Helper()
		payLater(t, service, s)
		if _, err := service.PlaceOrder(t.Context(), order("1")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * orders.OpenFor)
		s.charge, s.reserve = nil, fails(codes.FailedPrecondition)
		if n, err := service.Drain(t.Context()); n != 0 || status.Code(err) != codes.FailedPrecondition && err == nil {
			t.Errorf("drained %d, %v", n, err)
		}
		if left, err := q.Waiting(); len(left) != 0 || err != nil || len(s.charged) != 0 {
			t.Errorf("%d orders left, %v; kept %v", len(left), err, s.charged)
		}
	})
}

func TestBadOrdersAreNamed(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, service *orders.Service, _ *shop, _ *orders.Queue) {
		t.Helper()
		for want, o := range map[string]*dashboardv1.PlaceOrderRequest{
			`orders: order_id = ""; must be unique`:                {ProductId: "p", Cents: 1},
			`orders: product_id = ""; must be the id of a product`: {OrderId: "1", Cents: 1},
			"orders: cents = 0; must be in [1, 100000000]":         {OrderId: "1", ProductId: "p"},
			"orders: cents = 100000001; must be in [1, 100000000]": {OrderId: "1", ProductId: "p", Cents: 100_000_001},
		} {
			if _, err := service.PlaceOrder(t.Context(), o); status.Code(err) != codes.InvalidArgument || status.Convert(err).Message() != want {
				t.Errorf("error = %v; want %s", err, want)
			}
		}
	})
}
