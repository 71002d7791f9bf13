package orders

import (
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
)

// waiting is the bucket of orders that are not charged for yet, by order id.
const waiting = "waiting"

// Queue keeps orders on disk until they are charged for. It is safe for concurrent
// use. An order is in it once.
type Queue struct{ db *bbolt.DB }

// OpenQueue opens the queue in the file at path, which it makes if it is not there.
func OpenQueue(path string) (*Queue, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("orders: open %s: %w", path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists([]byte(waiting))
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("orders: open %s: %w", path, err), db.Close())
	}
	return &Queue{db: db}, nil
}

// Close closes the file.
func (q *Queue) Close() error { return q.db.Close() }

// put keeps an order. When it returns, the order is on disk.
func (q *Queue) put(order *dashboardv1.PlaceOrderRequest) error {
	value, err := proto.Marshal(order)
	if err != nil {
		return fmt.Errorf("orders: keep: %w", err)
	}
	return q.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(waiting)).Put([]byte(order.GetOrderId()), value) })
}

// done forgets an order.
func (q *Queue) done(id string) error {
	return q.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(waiting)).Delete([]byte(id)) })
}

// Waiting returns the orders that wait, by id.
func (q *Queue) Waiting() (orders []*dashboardv1.PlaceOrderRequest, err error) {
	err = q.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(waiting)).ForEach(func(_, value []byte) error {
			order := &dashboardv1.PlaceOrderRequest{}
			orders = append(orders, order)
			return proto.Unmarshal(value, order)
		})
	})
	return orders, err
}
