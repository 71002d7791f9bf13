package orders

import (
	"cmp"
	"errors"
	"slices"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"github.com/afloat-go/afloat/examples/shop/database"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// MaxKept is how many orders a queue keeps before new ones are refused, whatever there
// may be to do for them. Those that were under way by then are kept all the same.
const MaxKept = 10_000

// kept has a KeptOrder for each order that there is something to do for, by its id.
const kept database.Table = "kept"

// Queue keeps orders on disk as long as there is something to do for them. It is safe
// for concurrent use. An order is in it once.
type Queue struct {
	db   *bbolt.DB
	size atomic.Int64
}

// OpenQueue opens the queue in the file at path, which it makes if it is not there. The
// errors are those of [database.Open].
func OpenQueue(path string) (*Queue, error) {
	db, err := database.Open(path, database.Schema{Version: "1", Tables: []database.Table{kept}})
	if err != nil {
		return nil, err
	}
	q := &Queue{db: db}
	all, err := q.Kept()
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	q.size.Store(int64(len(all)))
	return q, nil
}

// Close closes the file.
func (q *Queue) Close() error { return q.db.Close() }

// Kept returns all orders that there is something to do for, the oldest first.
func (q *Queue) Kept() (all []*shopv1.KeptOrder, err error) {
	err = q.db.View(func(tx *bbolt.Tx) (err error) {
		all, err = database.List[*shopv1.KeptOrder](tx, kept, "")
		return err
	})
	slices.SortFunc(all, func(a, b *shopv1.KeptOrder) int { return cmp.Compare(a.GetNumber(), b.GetNumber()) })
	return all, err
}

// find returns what is kept of an order, nil if nothing is.
func (q *Queue) find(id string) (k *shopv1.KeptOrder, err error) {
	k = &shopv1.KeptOrder{}
	found := false
	err = q.db.View(func(tx *bbolt.Tx) (err error) {
		found, err = kept.Find(tx, id, k)
		return err
	})
	if !found {
		return nil, err
	}
	return k, nil
}

// full reports whether new orders must be refused.
func (q *Queue) full() bool { return q.size.Load() >= MaxKept }

// note keeps what there is to do for an order, of which k was kept before, or forgets
// the order if that is nothing, and returns what is kept of it now. When it returns,
// that is on disk. Whoever calls it has the order in hand.
func (q *Queue) note(
	order *shopv1.PlaceOrderRequest, k *shopv1.KeptOrder, todo shopv1.Step,
) (*shopv1.KeptOrder, error) {
	if todo == k.GetStep() {
		return k, nil
	}
	now := &shopv1.KeptOrder{Order: order, Number: k.GetNumber(), Step: todo}
	if err := database.Update(q.db, func(tx *bbolt.Tx) error { return write(tx, now, k == nil) }); err != nil {
		return k, err
	}
	if k == nil {
		q.size.Add(1)
	}
	if todo == nothing {
		q.size.Add(-1)
		return nil, nil
	}
	return now, nil
}

// write keeps an order as it is now, in the last place if it is new, or forgets it.
func write(tx *bbolt.Tx, k *shopv1.KeptOrder, isNew bool) (err error) {
	id := k.GetOrder().GetOrderId()
	if k.GetStep() == nothing {
		return kept.Delete(tx, id)
	}
	if isNew {
		if k.Number, err = kept.Next(tx); err != nil {
			return err
		}
	}
	return kept.Put(tx, id, k)
}
