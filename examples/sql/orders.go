package sql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// Order is what somebody has ordered.
type Order struct {
	ID   int64
	Item string
}

// Orders are kept in a database. They are safe for concurrent use. Make them with
// [NewOrders].
type Orders struct {
	db    *sql.DB
	guard *policy.Chain
}

// NewOrders guards a database: a query ends after a second, ten are made at a time, and a
// database that answers none is left alone.
func NewOrders(db *sql.DB) (*Orders, error) {
	circuit, err := breaker.New(breaker.Config{}, breaker.WithClassifier(verdict))
	places, failed := bulkhead.New(bulkhead.Config{MaxConcurrent: 10, MaxQueue: 50, MaxWait: 100 * time.Millisecond})
	bound, wrong := timeout.New(timeout.Config{Max: time.Second})
	if err := errors.Join(err, failed, wrong); err != nil {
		return nil, err
	}
	guard, err := policy.NewChain([]policy.Policy{circuit, places, bound})
	return &Orders{db, guard}, err
}

// verdict says which errors are failures of the database. That there is no such row is an
// answer.
func verdict(err error) policy.Verdict {
	if errors.Is(err, sql.ErrNoRows) {
		return policy.Success
	}
	return policy.Classify(err)
}

// Order returns one order, or sql.ErrNoRows.
func (o *Orders) Order(ctx context.Context, id int64) (Order, error) {
	return policy.DoChain(ctx, o.guard, "SELECT order", func(ctx context.Context) (found Order, err error) {
		err = o.db.QueryRowContext(ctx, "SELECT id, item FROM orders WHERE id = ?", id).Scan(&found.ID, &found.Item)
		return found, err
	})
}

// All returns all orders. The rows are read before the function returns, because a timeout
// ends the context then.
func (o *Orders) All(ctx context.Context) ([]Order, error) {
	return policy.DoChain(ctx, o.guard, "SELECT orders", func(ctx context.Context) (all []Order, err error) {
		rows, err := o.db.QueryContext(ctx, "SELECT id, item FROM orders ORDER BY id")
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var next Order
			if err := rows.Scan(&next.ID, &next.Item); err != nil {
				return nil, err
			}
			all = append(all, next)
		}
		return all, rows.Err()
	})
}

// Add adds an order. It is not repeated: whether it was made, a failure does not say.
func (o *Orders) Add(ctx context.Context, item string) (id int64, err error) {
	return policy.DoChain(ctx, o.guard, "INSERT order", func(ctx context.Context) (id int64, err error) {
		err = o.db.QueryRowContext(ctx, "INSERT INTO orders (item) VALUES (?) RETURNING id", item).Scan(&id)
		return id, err
	})
}

// Retried makes a call that may be made twice, up to three times, while the database fails.
// What the guard refused is not repeated: a circuit waits for its time.
func Retried[T any](ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	return backoff.Retry(ctx, func() (T, error) {
		value, err := call(ctx)
		if err != nil && (policy.IsRejection(err) || verdict(err) != policy.Failure) {
			err = backoff.Permanent(err)
		}
		return value, err
	}, backoff.WithMaxTries(3), backoff.WithBackOff(backoff.NewExponentialBackOff()))
}
