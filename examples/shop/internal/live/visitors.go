package live

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// How much visitors ask for: little, so that the machine has time for other things.
const (
	pageEvery  = 100 * time.Millisecond
	orderEvery = time.Second
	patience   = 3 * time.Second
	// watchedEvery of the pages is for the user that the page shows.
	watchedEvery = 5
)

// visitors ask for pages and place orders, whatever becomes of those before.
type visitors struct {
	system   *system.System
	users    []string
	products []*shopv1.Product
	session  string // how the ids of this run's orders begin

	window window
	orders orderCounts
	// latest is the last page of the first user, or why there was none.
	latest atomic.Pointer[visit]
}

// visit is what came of asking for a page.
type visit struct {
	home *shopv1.GetHomeResponse
	err  error
}

// orderCounts is what became of orders.
type orderCounts struct{ placed, charged, accepted, refused atomic.Uint64 }

// newVisitors returns visitors that ask for all users and products in turn.
func newVisitors(sys *system.System) (*visitors, error) {
	users, err := sys.Data().UserIDs()
	if err != nil {
		return nil, err
	}
	products, err := sys.Data().Products()
	if err != nil {
		return nil, err
	}
	return &visitors{
		system: sys, users: users, products: products, session: time.Now().UTC().Format("20060102-150405"),
	}, nil
}

// run asks until ctx ends, and waits for the answers.
func (v *visitors) run(ctx context.Context) {
	var asking sync.WaitGroup
	defer asking.Wait()
	pages, orders := time.NewTicker(pageEvery), time.NewTicker(orderEvery)
	defer pages.Stop()
	defer orders.Stop()
	for n := 0; ; n++ { // of pages and orders together
		select {
		case <-ctx.Done():
			return
		case <-pages.C:
			asking.Go(func() { v.visit(ctx, n) })
		case <-orders.C:
			asking.Go(func() { v.order(ctx) })
		}
	}
}

// visit asks for the n-th page.
func (v *visitors) visit(ctx context.Context, n int) {
	user, watched := v.users[n%len(v.users)], n%watchedEvery == 0
	if watched {
		user = v.users[0]
	}
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	home, err := v.system.Edge().GetHome(ctx, &shopv1.GetHomeRequest{UserId: user})
	v.window.add(begin, time.Since(begin), outcomeOf(home, err))
	if watched {
		v.latest.Store(&visit{home, err})
	}
}

// outcomeOf returns how well a page was answered.
func outcomeOf(home *shopv1.GetHomeResponse, err error) outcome {
	switch {
	case err != nil:
		return failed
	case degrade.FromResponse(home).Complete():
		return full
	default:
		return partial
	}
}

// order places an order for some product. One that is sold out is refused.
func (v *visitors) order(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	product := v.products[rand.IntN(len(v.products))] //nolint:gosec // no secret
	n := v.orders.placed.Add(1)
	got, err := v.system.Orders().Client().PlaceOrder(ctx, &shopv1.PlaceOrderRequest{
		OrderId: fmt.Sprintf("%s-%d", v.session, n), ProductId: product.GetId(), Cents: product.GetPriceCents(),
	})
	switch {
	case status.Code(err) == codes.Canceled: // the program ends
	case err != nil:
		v.orders.refused.Add(1)
	case got.GetPaymentId() == "":
		v.orders.accepted.Add(1)
	default:
		v.orders.charged.Add(1)
	}
}
