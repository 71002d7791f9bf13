package crowd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/load"
	"github.com/afloat-go/afloat/examples/shop/internal/story/disk"
	"github.com/afloat-go/afloat/examples/shop/internal/story/faults"
	"github.com/afloat-go/afloat/examples/shop/orders"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/overload"
)

// patience is how long a customer waits for an order.
const patience = time.Second

// maxInFlight bounds the calls of one kind under way: the patience of all who ask.
const maxInFlight = 500

// player plays phases on a system.
type player struct {
	system   *system.System
	faults   *faults.Injector
	products []*shopv1.Product // those that are not rare
	run      string            // how the ids of this run's orders begin
	placed   int
}

// newPlayer reads what there is to order, and has a few windows ask for it.
func newPlayer(ctx context.Context, sys *system.System) (*player, error) {
	products, err := sys.Data().Products()
	if err != nil {
		return nil, err
	}
	p := &player{system: sys, faults: faults.New(sys), run: time.Now().UTC().Format("20060102-150405-crowd-")}
	for _, product := range products {
		if product.GetId() != system.Rare {
			p.products = append(p.products, product)
		}
	}
	const first = 10
	for n := range first {
		if _, err := p.look(ctx, n); err != nil {
			return nil, fmt.Errorf("crowd: the first windows: %w", err)
		}
	}
	return p, nil
}

// play plays one phase: the database of the inventory is narrow, the crowd stands before the
// windows, and orders are placed as always.
func (p *player) play(ctx context.Context, ph phase) (Figures, error) {
	if err := p.faults.Inject(faults.Fault{Backend: orders.Inventory, How: system.Narrow}); err != nil {
		return Figures{}, err
	}
	unwatch := disk.Watch(ctx, p.system.Folder())
	f, err := p.ask(ctx, ph)
	slowest, fault := unwatch()
	f.Late = max(f.Late, slowest)
	return f, errors.Join(err, fault)
}

// ask places orders and has the windows ask meanwhile, all at steady rates.
func (p *player) ask(ctx context.Context, ph phase) (Figures, error) {
	var (
		placed        []load.Result[string]
		seen, fetched []load.Result[int64]
		faults        [3]error
		asking        sync.WaitGroup
	)
	at := func(perSecond int) load.Config {
		return load.Config{Rate: perSecond, For: ph.lasts, MaxInFlight: maxInFlight}
	}
	before := p.placed
	p.placed += ordered * int(ph.lasts/time.Second)
	asking.Go(func() {
		placed, faults[0] = load.Run(ctx, at(ordered), func(ctx context.Context, n int) (string, error) { return p.order(ctx, before+n) })
	})
	asking.Go(func() { seen, faults[1] = load.Run(ctx, at(ph.crowd*shown), p.look) })
	asking.Go(func() { fetched, faults[2] = load.Run(ctx, at(ph.crowd*ahead), p.fetchAhead) })
	control, err := p.control(ctx, ph.lasts)
	asking.Wait()
	f := figuresOf(ph.lasts, placed, seen, fetched)
	f.Control = control
	return f, errors.Join(append(faults[:], err)...)
}

// control looks at the overload control of the inventory shortly before that time is over.
// It returns nil if there is none.
func (p *player) control(ctx context.Context, in time.Duration) (*overload.Snapshot, error) {
	select {
	case <-time.After(in - shortly):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	snap, ok := p.system.Backend(orders.Inventory).Control()
	if !ok {
		return nil, nil //nolint:nilnil // there is none, and that is no fault
	}
	return &snap, nil
}

// shortly is a time in which not much happens.
const shortly = 20 * time.Millisecond

// order places the n-th order of the run and returns its payment, without which it failed.
func (p *player) order(ctx context.Context, n int) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	product := p.product(n)
	got, err := p.system.Orders().Client().PlaceOrder(ctx, &shopv1.PlaceOrderRequest{
		OrderId: fmt.Sprintf("%s%05d", p.run, n), ProductId: product.GetId(), Cents: product.GetPriceCents(),
	})
	if err == nil && got.GetPaymentId() == "" {
		err = errors.New("it waits to be charged for")
	}
	return got.GetPaymentId(), err
}

// look asks how many pieces there are of a product, for a window to show.
func (p *player) look(ctx context.Context, n int) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, system.Glance)
	defer cancel()
	got, err := p.system.Windows().GetStock(ctx, &shopv1.GetStockRequest{ProductId: p.product(n).GetId()})
	return got.GetPieces(), err
}

// fetchAhead asks the same for a window that may show it next: nobody waits for it.
func (p *player) fetchAhead(ctx context.Context, n int) (int64, error) {
	return p.look(criticality.With(ctx, criticality.Low), n)
}

// product returns the n-th product, over and over again.
func (p *player) product(n int) *shopv1.Product { return p.products[n%len(p.products)] }
