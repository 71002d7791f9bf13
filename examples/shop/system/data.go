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

// openData opens the files. Each service has one of its own: a compartment whose
// database waits for another's is none.
func (s *System) openData() (err error) {
	if s.data, err = store.Open(s.cfg.Folder); err != nil {
		return err
	}
	s.onStop(s.data.Close)
	if s.account, err = ledger.Open(filepath.Join(s.cfg.Folder, "payments.db")); err != nil {
		return err
	}
	s.onStop(s.account.Close)
	if s.room, err = stock.Open(filepath.Join(s.cfg.Folder, "inventory.db")); err != nil {
		return err
	}
	s.onStop(s.room.Close)
	return s.deliver()
}

// deliver fills up the store room.
func (s *System) deliver() error {
	products, err := s.data.Products()
	if err != nil {
		return err
	}
	pieces := map[string]int64{}
	for _, p := range products {
		pieces[p.GetId()] = Pieces
	}
	pieces[Rare] = RarePieces
	return s.room.Deliver(pieces)
}
