package store

import (
	"errors"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
)

// UserIDs returns the ids of all users, in order.
func (s *Store) UserIDs() ([]string, error) {
	var ids []string
	err := s.db.View(func(tx *bbolt.Tx) error {
		return users.scan(tx, "", func(id string, _ []byte) error {
			ids = append(ids, id)
			return nil
		})
	})
	return ids, err
}

// User returns one user. The error wraps [ErrNotFound] if there is none.
func (s *Store) User(id string) (*dashboardv1.User, error) {
	user := &dashboardv1.User{}
	err := s.db.View(func(tx *bbolt.Tx) error { return users.get(tx, id, user) })
	return user, err
}

// Series returns the metric series of a user, by name.
func (s *Store) Series(userID string) ([]*dashboardv1.Series, error) {
	return ofUser(s, series, userID, func() *dashboardv1.Series { return &dashboardv1.Series{} })
}

// Alerts returns the open alerts of a user, the oldest first.
func (s *Store) Alerts(userID string) ([]*dashboardv1.Alert, error) {
	return ofUser(s, alerts, userID, func() *dashboardv1.Alert { return &dashboardv1.Alert{} })
}

// Activity returns the last entries of a user, at most limit, the oldest first.
func (s *Store) Activity(userID string, limit int) ([]*dashboardv1.Entry, error) {
	all, err := ofUser(s, activity, userID, func() *dashboardv1.Entry { return &dashboardv1.Entry{} })
	return all[max(0, len(all)-limit):], err
}

// Recommendations returns products for a user, the best first.
func (s *Store) Recommendations(userID string) ([]*dashboardv1.Product, error) {
	var found []*dashboardv1.Product
	err := s.db.View(func(tx *bbolt.Tx) error {
		ranking := &dashboardv1.Ranking{}
		if err := rankings.get(tx, userID, ranking); err != nil {
			return err
		}
		for _, id := range ranking.GetProductIds() {
			product := &dashboardv1.Product{}
			if err := products.get(tx, id, product); err != nil {
				return err
			}
			found = append(found, product)
		}
		return nil
	})
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return found, err
}

// ofUser reads all values of t that belong to a user.
func ofUser[M proto.Message](s *Store, t table, userID string, empty func() M) ([]M, error) {
	var found []M
	err := s.db.View(func(tx *bbolt.Tx) error {
		return t.scan(tx, userID+"/", func(key string, value []byte) error {
			m := empty()
			found = append(found, m)
			return t.decode(key, value, m)
		})
	})
	return found, err
}
