package system

import (
	"path/filepath"

	"github.com/afloat-go/afloat/examples/shop/backend/ledger"
	"github.com/afloat-go/afloat/examples/shop/backend/stock"
	"github.com/afloat-go/afloat/examples/shop/backend/store"
)

// How many pieces of each product are delivered to the store room when the system
// starts. Of one there are few.
const (
	Pieces     = 1000
	Rare       = "product-120"
	RarePieces = 5
)

// data is what services have on disk.
type data struct {
	pages   *store.Store   // what the backends of pages answer from
	account *ledger.Ledger // what was paid for orders
	room    *stock.Stock   // what there is to order, and what is kept for orders
}

// openData opens the files for as long as the process runs. Each service has one of its
// own: a compartment whose database waits for another's is none.
func openData(p *process) (d data, err error) {
	if d.pages, err = store.Open(p.cfg.Folder); err != nil {
		return d, err
	}
	p.onStop(d.pages.Close)
	if d.account, err = ledger.Open(filepath.Join(p.cfg.Folder, "payments.db")); err != nil {
		return d, err
	}
	p.onStop(d.account.Close)
	if d.room, err = stock.Open(filepath.Join(p.cfg.Folder, "inventory.db")); err != nil {
		return d, err
	}
	p.onStop(d.room.Close)
	return d, d.deliver()
}

// deliver fills up the store room.
func (d data) deliver() error {
	products, err := d.pages.Products()
	if err != nil {
		return err
	}
	pieces := map[string]int64{}
	for _, p := range products {
		pieces[p.GetId()] = Pieces
	}
	pieces[Rare] = RarePieces
	return d.room.Deliver(pieces)
}
