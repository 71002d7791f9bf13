package store

import (
	"errors"
	"fmt"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/afloat-go/afloat/examples/shop/database"
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
