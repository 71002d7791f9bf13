package checkout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/load"
)

// order is one that was placed.
type order struct {
	id, product string
	cents       int64
	fate        fate
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
