package store

import (
	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/examples/shop/database"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// UserIDs returns the ids of all users, in order.
func (s *Store) UserIDs() ([]string, error) {
	all, err := list[*shopv1.User](s, users, "")
	ids := make([]string, len(all))
	for i, user := range all {
		ids[i] = user.GetId()
	}
	return ids, err
}

// Products returns all products, by id.
func (s *Store) Products() ([]*shopv1.Product, error) {
	return list[*shopv1.Product](s, products, "")
}

// User returns one user. The error wraps [database.ErrNotFound] if there is none.
func (s *Store) User(id string) (*shopv1.User, error) {
	user := &shopv1.User{}
	err := s.db.View(func(tx *bbolt.Tx) error { return users.Get(tx, id, user) })
	return user, err
}

// Series returns the metric series of a user, by name.
func (s *Store) Series(userID string) ([]*shopv1.Series, error) {
	return list[*shopv1.Series](s, series, userID+"/")
}

// Alerts returns the open alerts of a user, the oldest first.
func (s *Store) Alerts(userID string) ([]*shopv1.Alert, error) {
	return list[*shopv1.Alert](s, alerts, userID+"/")
}

// Activity returns the last entries of a user, at most limit, the oldest first.
func (s *Store) Activity(userID string, limit int) ([]*shopv1.Entry, error) {
	all, err := list[*shopv1.Entry](s, activity, userID+"/")
	return all[max(0, len(all)-limit):], err
}

// Recommendations returns products for a user, the best first.
func (s *Store) Recommendations(userID string) ([]*shopv1.Product, error) {
	return s.productsOf(rankings, userID)
}

// Viewed returns the products that a user looked at last, the latest first.
func (s *Store) Viewed(userID string) ([]*shopv1.Product, error) {
	return s.productsOf(histories, userID)
}

// productsOf returns the products that are listed for a user. There may be no list.
func (s *Store) productsOf(lists database.Table, userID string) (found []*shopv1.Product, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		listed := &shopv1.ProductList{}
		if _, err := lists.Find(tx, userID, listed); err != nil {
			return err
		}
		for _, id := range listed.GetProductIds() {
			product := &shopv1.Product{}
			if err := products.Get(tx, id, product); err != nil {
				return err
			}
			found = append(found, product)
		}
		return nil
	})
	return found, err
}

// list reads all values of t whose key begins with prefix.
func list[M proto.Message](s *Store, t database.Table, prefix string) (found []M, err error) {
	err = s.db.View(func(tx *bbolt.Tx) (err error) {
		found, err = database.List[M](tx, t, prefix)
		return err
	})
	return found, err
}
