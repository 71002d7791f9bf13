package stock

import (
	"errors"

	"go.etcd.io/bbolt"

	"github.com/afloat-go/afloat/examples/shop/database"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// Errors that callers may want to tell apart.
var (
	// ErrNoProduct: there is no such product.
	ErrNoProduct = errors.New("stock: no such product")
	// ErrSoldOut: no piece of the product is left.
	ErrSoldOut = errors.New("stock: sold out")
	// ErrDiffers: another product is kept for the order.
	ErrDiffers = errors.New("stock: another product is kept for the order")
	// ErrReleased: the order was released, and is closed.
	ErrReleased = errors.New("stock: the order was released")
)

// shelves has a Shelf for each product, reservations a Reservation for each order.
const (
	shelves      database.Table = "shelves"
	reservations database.Table = "reservations"
)

// Stock is an open store room. It is safe for concurrent use.
type Stock struct{ db *bbolt.DB }

// Open opens the store room in the file at path, which it makes if it is not there.
// The errors are those of [database.Open].
func Open(path string) (*Stock, error) {
	db, err := database.Open(path, database.Schema{Version: "1", Tables: []database.Table{shelves, reservations}})
	if err != nil {
		return nil, err
	}
	return &Stock{db: db}, nil
}

// Close closes the file.
func (s *Stock) Close() error { return s.db.Close() }

// Deliver fills up the shelf of each product to the given number of pieces. A shelf
// that has more keeps them.
func (s *Stock) Deliver(pieces map[string]int64) error {
	return database.Update(s.db, func(tx *bbolt.Tx) error {
		for product, n := range pieces {
			shelf := &shopv1.Shelf{}
			if _, err := shelves.Find(tx, product, shelf); err != nil {
				return err
			}
			shelf.Pieces = max(shelf.GetPieces(), n)
			if err := shelves.Put(tx, product, shelf); err != nil {
				return err
			}
		}
		return nil
	})
}

// Reserve keeps a piece of a product for an order, if that has not been done. When it
// returns, that is on disk. The error wraps one of this package, or is that of the
// disk.
func (s *Stock) Reserve(orderID, productID string) error {
	return database.Update(s.db, func(tx *bbolt.Tx) error {
		r := &shopv1.Reservation{}
		known, err := reservations.Find(tx, orderID, r)
		switch {
		case err != nil:
			return err
		case r.GetReleased():
			return ErrReleased
		case known && r.GetProductId() != productID:
			return ErrDiffers
		case known:
			return database.ErrUnchanged
		}
		if err := move(tx, productID, -1); err != nil {
			return err
		}
		return reservations.Put(tx, orderID, &shopv1.Reservation{OrderId: orderID, ProductId: productID})
	})
}

// Release puts back what is kept for an order, if anything is, and closes the order.
// The error is that of the disk.
func (s *Stock) Release(orderID string) error {
	return database.Update(s.db, func(tx *bbolt.Tx) error {
		r := &shopv1.Reservation{}
		known, err := reservations.Find(tx, orderID, r)
		switch {
		case err != nil:
			return err
		case r.GetReleased():
			return database.ErrUnchanged
		}
		if known {
			if err := move(tx, r.GetProductId(), +1); err != nil {
				return err
			}
		}
		r.OrderId, r.Released = orderID, true
		return reservations.Put(tx, orderID, r)
	})
}

// Left returns how many pieces of a product are not kept for an order. The error is
// [ErrNoProduct] or that of the disk.
func (s *Stock) Left(productID string) (int64, error) {
	shelf := &shopv1.Shelf{}
	err := s.db.View(func(tx *bbolt.Tx) error { return get(tx, productID, shelf) })
	return shelf.GetPieces(), err
}

// Reservations returns what is known of every order, by id.
func (s *Stock) Reservations() (all []*shopv1.Reservation, err error) {
	err = s.db.View(func(tx *bbolt.Tx) (err error) {
		all, err = database.List[*shopv1.Reservation](tx, reservations, "")
		return err
	})
	return all, err
}

// move takes a piece off the shelf of a product, or puts one back.
func move(tx *bbolt.Tx, productID string, pieces int64) error {
	shelf := &shopv1.Shelf{}
	if err := get(tx, productID, shelf); err != nil {
		return err
	}
	if shelf.Pieces += pieces; shelf.Pieces < 0 {
		return ErrSoldOut
	}
	return shelves.Put(tx, productID, shelf)
}

// get reads the shelf of a product.
func get(tx *bbolt.Tx, productID string, shelf *shopv1.Shelf) error {
	known, err := shelves.Find(tx, productID, shelf)
	if err == nil && !known {
		return ErrNoProduct
	}
	return err
}
