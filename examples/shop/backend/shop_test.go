package backend_test

import (
	"path/filepath"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/backend"
	"github.com/afloat-go/afloat/examples/shop/backend/ledger"
	"github.com/afloat-go/afloat/examples/shop/backend/stock"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// step is one call and what it must come to.
type step struct {
	name string
	call func() error
	code codes.Code
}

func check(t *testing.T, steps []step) {
	t.Helper()
	for _, s := range steps {
		if err := s.call(); status.Code(err) != s.code {
			t.Errorf("%s: %v; want %v", s.name, err, s.code)
		}
	}
}

func TestPayments(t *testing.T) {
	t.Parallel()
	account, err := ledger.Open(filepath.Join(t.TempDir(), "payments.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, cc := serve(t, backend.Payments(account), backend.Config{Under: verdict{}})
	client := shopv1.NewPaymentServiceClient(cc)
	paid := ""
	charge := func(order, product string, cents int64) func() error {
		return func() error {
			got, err := client.Charge(t.Context(), &shopv1.ChargeRequest{OrderId: order, ProductId: product, Cents: cents})
			paid = got.GetPaymentId()
			return err
		}
	}
	refund := func(order string) func() error {
		return func() error {
			_, err := client.Refund(t.Context(), &shopv1.RefundRequest{OrderId: order})
			return err
		}
	}
	check(t, []step{
		{"no order", charge("", "lamp", 1), codes.InvalidArgument},
		{"no product", charge("a", "", 1), codes.InvalidArgument},
		{"for nothing", charge("a", "lamp", 0), codes.InvalidArgument},
		{"no order to refund", refund(""), codes.InvalidArgument},
		{"charge", charge("a", "lamp", 100), codes.OK},
		{"for something else", charge("a", "chair", 100), codes.AlreadyExists},
		{"the same again", charge("a", "lamp", 100), codes.OK},
	})
	if paid != "payment-000001" {
		t.Errorf("payment = %q", paid)
	}
	check(t, []step{
		{"refund", refund("a"), codes.OK},
		{"refund again", refund("a"), codes.OK},
		{"charge what was refunded", charge("a", "lamp", 100), codes.FailedPrecondition},
	})
	if all, err := account.Entries(); len(all) != 2 || err != nil {
		t.Errorf("entries = %v, %v; want a charge and a refund", all, err)
	}
	if err := account.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, []step{
		{"charge without a disk", charge("b", "lamp", 100), codes.Internal},
		{"refund without a disk", refund("b"), codes.Internal},
	})
}

func TestInventory(t *testing.T) {
	t.Parallel()
	room, err := stock.Open(filepath.Join(t.TempDir(), "inventory.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := room.Deliver(map[string]int64{"lamp": 1, "chair": 1}); err != nil {
		t.Fatal(err)
	}
	_, cc := serve(t, backend.Inventory(room), backend.Config{Under: verdict{}})
	client := shopv1.NewInventoryServiceClient(cc)
	pieces := int64(-1)
	reserve := func(order, product string) func() error {
		return func() error {
			_, err := client.Reserve(t.Context(), &shopv1.ReserveRequest{OrderId: order, ProductId: product})
			return err
		}
	}
	release := func(order string) func() error {
		return func() error {
			_, err := client.Release(t.Context(), &shopv1.ReleaseRequest{OrderId: order})
			return err
		}
	}
	left := func(product string) func() error {
		return func() error {
			got, err := client.GetStock(t.Context(), &shopv1.GetStockRequest{ProductId: product})
			pieces = got.GetPieces()
			return err
		}
	}
	check(t, []step{
		{"no order", reserve("", "lamp"), codes.InvalidArgument},
		{"nothing", reserve("a", ""), codes.InvalidArgument},
		{"no order to release", release(""), codes.InvalidArgument},
		{"what there is not", reserve("a", "table"), codes.NotFound},
		{"how much there is of that", left("table"), codes.NotFound},
		{"reserve", reserve("a", "lamp"), codes.OK},
		{"reserve again", reserve("a", "lamp"), codes.OK},
		{"something else", reserve("a", "chair"), codes.AlreadyExists},
		{"the last one is gone", reserve("b", "lamp"), codes.FailedPrecondition},
		{"release", release("a"), codes.OK},
		{"reserve what was released", reserve("a", "lamp"), codes.FailedPrecondition},
		{"how much is left", left("lamp"), codes.OK},
	})
	if pieces != 1 {
		t.Errorf("%d pieces left; want 1", pieces)
	}
	if err := room.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, []step{
		{"reserve without a disk", reserve("c", "lamp"), codes.Internal},
		{"release without a disk", release("c"), codes.Internal},
		{"how much is left, without a disk", left("lamp"), codes.Internal},
	})
}
