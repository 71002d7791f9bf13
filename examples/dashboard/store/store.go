package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// Errors that callers may want to tell apart.
var (
	// ErrNotFound: there is no such user.
	ErrNotFound = errors.New("store: not found")
	// ErrLocked: another process has the file open.
	ErrLocked = errors.New("store: the file is in use by another process")
	// ErrCorrupt: the file is not a database of this program.
	ErrCorrupt = errors.New("store: the file is damaged or not a database; remove it to have it made anew")
)

// fileName is the database inside its folder.
const fileName = "dashboard.db"

// lockWait is how long Open waits for another process to let go of the file.
const lockWait = time.Second

// Store is an open database. It is safe for concurrent use.
type Store struct{ db *bbolt.DB }

// Open opens the database in folder. It makes the folder and the file, and
// fills the file with the sample data, where they are missing. The error wraps
// [ErrLocked] or [ErrCorrupt] where that is the cause.
func Open(folder string) (*Store, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("store: make folder: %w", err)
	}
	path := filepath.Join(folder, fileName)
	if err := inspect(path); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, cause(err))
	}
	s := &Store{db: db}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), s.Close())
	}
	return s, nil
}

// Close closes the database. Reads under way end first.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

// prepare fills the file if it is new.
func (s *Store) prepare() error {
	found := ""
	err := s.db.View(func(tx *bbolt.Tx) (err error) {
		found, err = version(tx)
		return err
	})
	switch {
	case err != nil:
		return err
	case found == "":
		return s.db.Update(seed)
	case found != seedVersion:
		return fmt.Errorf("%w: it holds data of version %q, this program needs %q", ErrCorrupt, found, seedVersion)
	default:
		return nil
	}
}
