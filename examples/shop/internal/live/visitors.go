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
	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// How much the usual visitors ask for: little, so that the machine has time for other
// things.
const (
	pageEvery   = 100 * time.Millisecond
	orderEvery  = time.Second
	windowEvery = time.Second / 60
	patience    = 3 * time.Second
	// watchedEvery of the pages is for the user that the page shows.
	watchedEvery = 5
	// aheadEvery of what windows ask for is fetched ahead: nobody waits for it.
	aheadEvery = 3
)

// mostTimes is how many times as many as usual there may be. The windows alone then ask for
// about twice what a narrow inventory can answer.
const mostTimes = 8

// visitors ask for pages, place orders and stand before shop windows, whatever becomes of
// those before.
type visitors struct {
	system   *system.System
	users    []string
	products []*shopv1.Product
	session  string // how the ids of this run's orders begin
	times    atomic.Int64

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
	v := &visitors{
		system: sys, users: users, products: products, session: time.Now().UTC().Format("20060102-150405"),
	}
	v.times.Store(1)
	return v, nil
}

// crowd lets so many times as many as usual come, in [1, mostTimes].
func (v *visitors) crowd(times int64) error {
	if times < 1 || times > mostTimes {
		return fmt.Errorf("live: times = %d; must be in [1, %d]", times, mostTimes)
	}
	v.times.Store(times)
	return nil
}

// run asks until ctx ends, and waits for the answers.
func (v *visitors) run(ctx context.Context) {
	var asking sync.WaitGroup
	asking.Go(func() { v.every(ctx, pageEvery, v.visit) })
	asking.Go(func() { v.every(ctx, orderEvery, v.order) })
	asking.Go(func() { v.every(ctx, windowEvery, v.look) })
	asking.Wait()
}

// every has the usual visitors ask once in that time, and a crowd more often, until ctx
// ends. It waits for the answers.
func (v *visitors) every(ctx context.Context, usual time.Duration, ask func(ctx context.Context, n int)) {
	var asking sync.WaitGroup
	defer asking.Wait()
	ticker := time.NewTicker(usual)
	defer ticker.Stop()
	last := int64(1)
	for n := 0; ; n++ {
		if times := v.times.Load(); times != last {
			ticker.Reset(usual / time.Duration(times))
			last = times
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		asking.Go(func() { ask(ctx, n) })
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

// look asks the inventory for the n-th time what a window shows, or may show next.
func (v *visitors) look(ctx context.Context, n int) {
	ctx, cancel := context.WithTimeout(ctx, system.Glance)
	defer cancel()
	if n%aheadEvery == 0 {
		ctx = criticality.With(ctx, criticality.Low)
	}
	product := v.products[n%len(v.products)]
	// The inventory counts what it refuses.
	_, _ = v.system.Windows().GetStock(ctx, &shopv1.GetStockRequest{ProductId: product.GetId()})
}

// order places an order for some product. One that is sold out is refused.
func (v *visitors) order(ctx context.Context, _ int) {
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
