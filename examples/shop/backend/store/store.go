package store

import (
	"errors"
	"fmt"
	"path/filepath"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/examples/shop/database"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// fileName is the database inside its folder.
const fileName = "pages.db"

// The tables. Keys of what belongs to a user begin with the user's id and a
// slash.
const (
	users     database.Table = "users"
	series    database.Table = "series"
	alerts    database.Table = "alerts"
	activity  database.Table = "activity"
	products  database.Table = "products"
	rankings  database.Table = "rankings"
	histories database.Table = "histories"
)

// Store is an open database. It is safe for concurrent use.
type Store struct{ db *bbolt.DB }

// Open opens the database in folder. It makes the folder and the file, and
// fills the file with the sample data, where they are missing. The errors are those
// of [database.Open].
func Open(folder string) (*Store, error) {
	db, err := database.Open(filepath.Join(folder, fileName), database.Schema{
		Version: seedVersion,
		Tables:  []database.Table{users, series, alerts, activity, products, rankings, histories},
		Fill:    seed,
	})
	switch {
	case errors.Is(err, database.ErrCorrupt), errors.Is(err, database.ErrVersion):
		return nil, fmt.Errorf("%w; it is for sample data: remove it to have it made anew", err)
	case err != nil:
		return nil, err
	}
	return &Store{db: db}, nil
}

// Close closes the database. Reads under way end first.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

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
