package ledger

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/afloat-go/afloat/examples/shop/database"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// Errors that callers may want to tell apart.
var (
	// ErrDiffers: the order was charged for something else.
	ErrDiffers = errors.New("ledger: the order was charged for something else")
	// ErrRefunded: the order was refunded, and is closed.
	ErrRefunded = errors.New("ledger: the order was refunded")
)

// payments has a Payment for each order; entries has a LedgerEntry for each time
// that money changed hands, in order.
const (
	payments database.Table = "payments"
	entries  database.Table = "entries"
)

// Ledger is an open account. It is safe for concurrent use.
type Ledger struct{ db *bbolt.DB }

// Open opens the account in the file at path, which it makes if it is not there. The
// errors are those of [database.Open].
func Open(path string) (*Ledger, error) {
	db, err := database.Open(path, database.Schema{Version: "1", Tables: []database.Table{payments, entries}})
	if err != nil {
		return nil, err
	}
	return &Ledger{db: db}, nil
}

// Close closes the file.
func (l *Ledger) Close() error { return l.db.Close() }

// Charge takes the money for an order, if that has not been done, and returns the
// payment. When it returns, the payment is on disk. The error is [ErrDiffers] or
// [ErrRefunded], or that of the disk.
func (l *Ledger) Charge(orderID, productID string, cents int64) (paymentID string, err error) {
	err = database.Update(l.db, func(tx *bbolt.Tx) error {
		p := &shopv1.Payment{}
		known, err := payments.Find(tx, orderID, p)
		switch {
		case err != nil:
			return err
		case p.GetRefunded():
			return ErrRefunded
		case known && (p.GetProductId() != productID || p.GetCents() != cents):
			return ErrDiffers
		case known:
			paymentID = p.GetPaymentId()
			return database.ErrUnchanged
		}
		number, err := enter(tx, orderID, cents)
		if err != nil {
			return err
		}
		paymentID = fmt.Sprintf("payment-%06d", number)
		return payments.Put(tx, orderID, &shopv1.Payment{PaymentId: paymentID, ProductId: productID, Cents: cents})
	})
	if err != nil {
		return "", err
	}
	return paymentID, nil
}

// Refund gives back what was taken for an order, if anything was and it has not been
// given back, and closes the order. The error is that of the disk.
func (l *Ledger) Refund(orderID string) error {
	return database.Update(l.db, func(tx *bbolt.Tx) error {
		p := &shopv1.Payment{}
		known, err := payments.Find(tx, orderID, p)
		switch {
		case err != nil:
			return err
		case p.GetRefunded():
			return database.ErrUnchanged
		}
		if known {
			if _, err := enter(tx, orderID, -p.GetCents()); err != nil {
				return err
			}
		}
		p.Refunded = true
		return payments.Put(tx, orderID, p)
	})
}

// Entries returns every time that money changed hands, in order.
func (l *Ledger) Entries() (all []*shopv1.LedgerEntry, err error) {
	err = l.db.View(func(tx *bbolt.Tx) (err error) {
		all, err = database.List[*shopv1.LedgerEntry](tx, entries, "")
		return err
	})
	return all, err
}

// enter notes that money changes hands, and returns the number of the entry.
func enter(tx *bbolt.Tx, orderID string, cents int64) (uint64, error) {
	number, err := entries.Next(tx)
	if err != nil {
		return 0, err
	}
	return number, entries.Put(tx, fmt.Sprintf("%016d", number), &shopv1.LedgerEntry{
		OrderId: orderID, Cents: cents, Time: timestamppb.Now(),
	})
}
