package system_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/examples/shop/orders"
	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/criticality"
)

// overhearing is a network that notes of what class the calls of each method are.
type overhearing struct {
	system.InMemory

	heard *sync.Map // of what class the last call was, by method
}

func (o overhearing) Connect(lis net.Listener, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	return o.InMemory.Connect(lis, append(slices.Clip(opts), grpc.WithChainUnaryInterceptor(o.hear))...)
}

func (o overhearing) hear(
	ctx context.Context, method string, req, resp any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	md, _ := metadata.FromOutgoingContext(ctx)
	o.heard.Store(method, strings.Join(md[criticality.Key], ", "))
	return invoke(ctx, method, req, resp, cc, opts...)
}

// What an order is made of matters as much as the order, and what windows ask for as much
// as the rules say, or less.
func TestClassesTravel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		heard := &sync.Map{}
		s, err := system.Start(t.Context(), system.Config{Network: overhearing{heard: heard}, Folder: t.TempDir(), Rules: rules, Guarded: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
		}()
		want := func(method, class string, err error) {
			t.Helper()
			if got, _ := heard.Load(method); got != class || err != nil {
				t.Errorf("a call of %s is of class %q, %v; want %q", method, got, err, class)
			}
		}
		_, _, err = place(t, s, "a")
		want(shopv1.PaymentService_Charge_FullMethodName, "critical", err)
		want(shopv1.InventoryService_Reserve_FullMethodName, "critical", err)
		_, err = s.Orders().Client().CheckStock(t.Context(), &shopv1.CheckStockRequest{ProductId: "product-001"})
		want(shopv1.InventoryService_GetStock_FullMethodName, "medium", err)
		for said, class := range map[criticality.Class]string{
			criticality.Unset: "medium", criticality.Low: "low", criticality.Critical: "medium",
		} {
			_, err = s.Windows().GetStock(criticality.With(t.Context(), said), &shopv1.GetStockRequest{ProductId: "product-001"})
			want(shopv1.InventoryService_GetStock_FullMethodName, class, err)
		}
	})
}

// Only the inventory can have a narrow database, since it alone is under overload control.
func TestNarrow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		err := s.Backend(page.Users).Become(system.Narrow)
		if err == nil || err.Error() != "system: users: sickness = narrow; must be one of [well hanging slow failing]" || s.Backend(page.Users).Sickness() != system.Well {
			t.Errorf("error = %v, and users are %v", err, s.Backend(page.Users).Sickness())
		}
		inventory := s.Backend(orders.Inventory)
		for how, took := range map[system.Sickness]time.Duration{system.Narrow: time.Second / system.Capacity, system.Well: 0} {
			if err := inventory.Become(how); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			got, err := s.Windows().GetStock(t.Context(), &shopv1.GetStockRequest{ProductId: "product-001"})
			if got.GetPieces() != system.Pieces || err != nil || time.Since(begin) != took {
				t.Errorf("%v: %v, %v after %v; want %v", how, got, err, time.Since(begin), took)
			}
		}
		for _, b := range s.Backends() {
			if _, ok := b.Control(); ok != (b == inventory) {
				t.Errorf("%s is under overload control: %v", b.Name(), ok)
			}
		}
	})
}
