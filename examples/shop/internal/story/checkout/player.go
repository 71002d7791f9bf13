package checkout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/internal/load"
	"github.com/afloat-go/afloat/examples/shop/internal/story/disk"
	"github.com/afloat-go/afloat/examples/shop/internal/story/faults"
	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/orders"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// player plays phases on a system, and remembers all orders.
type player struct {
	customers

	faults *faults.Injector
	run    string // how the ids of this run's orders begin
	rare   *shopv1.Product
	placed []*order
	pieces int64 // on the shelves before the first
}

// newPlayer reads what there is to order.
func newPlayer(sys *system.System) (*player, error) {
	products, err := sys.Data().Products()
	if err != nil {
		return nil, err
	}
	p := &player{customers: customers{system: sys}, faults: faults.New(sys), run: time.Now().UTC().Format("20060102-150405-")}
	for _, product := range products {
		if product.GetId() == system.Rare {
			p.rare = product
		} else {
			p.products = append(p.products, product)
		}
	}
	p.pieces, err = pieces(sys)
	return p, err
}

// play plays one phase: it makes backends sick, restarts the service if the phase says
// so, places orders, and looks into the books.
func (p *player) play(ctx context.Context, ph phase) (Figures, error) {
	f := Figures{Fates: map[fate]int{}, Marked: map[string]int{}}
	if err := p.prepare(ctx, ph, &f); err != nil {
		return f, err
	}
	full, batch := p.system.Orders().Refused(), p.batch(ph)
	unwatch := disk.Watch(ctx, p.system.Folder())
	err := p.ask(ctx, ph, batch, &f)
	slowest, fault := unwatch()
	if err := errors.Join(err, fault); err != nil {
		return f, err
	}
	f.Late = max(f.Late, slowest)
	if ph.settles {
		if err := settle(ctx, p.system); err != nil {
			return f, err
		}
	}
	f.Full = p.system.Orders().Refused()
	for service, n := range full {
		f.Full[service] -= n
	}
	return f, p.look(batch, &f)
}

// prepare does what comes before the orders of a phase.
func (p *player) prepare(ctx context.Context, ph phase, f *Figures) (err error) {
	if err := p.faults.Inject(ph.sick...); err != nil {
		return err
	}
	if f.Rare, err = p.system.Room().Left(system.Rare); err != nil {
		return err
	}
	if f.Before, err = readQueue(p.system); err != nil || !ph.restart {
		return err
	}
	if err := p.system.RestartOrders(ctx); err != nil {
		return err
	}
	f.Restarted, err = readQueue(p.system)
	return err
}

// look looks at everything once the orders of a phase are answered.
func (p *player) look(batch []*order, f *Figures) (err error) {
	f.Reached, f.Circuits = p.faults.Reached(), guards.Circuits(p.system.Orders().Guard(), orders.Guarded())
	if f.After, err = readQueue(p.system); err != nil {
		return err
	}
	b, err := readBooks(p.system, p.run)
	f.Books = b.of(batch)
	return err
}

// close holds all orders of the run against the books.
func (p *player) close(context.Context) (r script.Result, err error) {
	b, err := readBooks(p.system, p.run)
	if err != nil {
		return r, err
	}
	left, err := pieces(p.system)
	if err != nil {
		return r, err
	}
	told := map[fate]int{}
	for _, o := range p.placed {
		told[o.fate]++
	}
	sum := b.of(p.placed)
	r.Row = rowOfBooks(told, sum, p.pieces-left)
	if err := booksRight(Figures{Books: sum}); err != nil {
		r.Unmet = append(r.Unmet, err)
	}
	if gone := p.pieces - left; gone != int64(sum.kept) {
		r.Unmet = append(r.Unmet, fmt.Errorf("%d pieces have left the shelves and %d are kept for orders; must be as many", gone, sum.kept))
	}
	return r, nil
}

// batch returns the orders of a phase: new ones, or all that wait or are unclear.
func (p *player) batch(ph phase) (batch []*order) {
	if ph.again {
		for _, o := range p.placed {
			if o.fate == waiting || o.fate == unclear {
				batch = append(batch, o)
			}
		}
		return batch
	}
	for n := range int(ph.lasts * time.Duration(ph.rate) / time.Second) {
		n += len(p.placed)
		product := p.products[n%len(p.products)]
		if ph.rare {
			product = p.rare
		}
		batch = append(batch, &order{id: fmt.Sprintf("%s%05d", p.run, n), product: product.GetId(), cents: product.GetPriceCents()})
	}
	p.placed = append(p.placed, batch...)
	return batch
}

// ask places orders, and asks for the stock meanwhile if the phase says so.
func (p *player) ask(ctx context.Context, ph phase, batch []*order, f *Figures) error {
	lasts := time.Duration(len(batch)) * time.Second / time.Duration(ph.rate)
	if lasts == 0 {
		return nil
	}
	var stock []load.Result[int64]
	var stockErr error
	var asking sync.WaitGroup
	if ph.stock {
		asking.Go(func() {
			stock, stockErr = load.Run(ctx, load.Config{Rate: stockRate, For: lasts, MaxInFlight: maxInFlight}, p.checkStock)
		})
	}
	results, err := load.Run(ctx, load.Config{Rate: ph.rate, For: lasts, MaxInFlight: maxInFlight},
		func(ctx context.Context, n int) (answer, error) { return p.place(ctx, batch[n]) })
	asking.Wait()
	if err := errors.Join(err, stockErr); err != nil {
		return err
	}
	for n, r := range results {
		batch[n].fate = f.count(r, r.Due >= lasts-time.Second, ph.why())
	}
	latencies := load.Latencies(results)
	f.P50, f.P99 = load.Percentile(latencies, 0.50), load.Percentile(latencies, 0.99)
	f.countStock(stock)
	return nil
}
