package checkout

import (
	"context"
	"errors"
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/internal/story/faults"
	"github.com/afloat-go/afloat/examples/shop/orders"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// player plays phases on a system, and remembers all orders.
type player struct {
	system   *system.System
	faults   *faults.Injector
	run      string // how the ids of this run's orders begin
	products []*shopv1.Product
	rare     *shopv1.Product
	placed   []*order
	pieces   int64 // on the shelves before the first
}

// newPlayer reads what there is to order.
func newPlayer(sys *system.System) (*player, error) {
	products, err := sys.Data().Products()
	if err != nil {
		return nil, err
	}
	p := &player{system: sys, faults: faults.New(sys), run: time.Now().UTC().Format("20060102-150405-")}
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
	unwatch := watchDisk(ctx, p.system.Folder())
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
