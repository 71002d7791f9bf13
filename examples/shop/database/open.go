package database

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
	// ErrNotFound: nothing is stored under the key.
	ErrNotFound = errors.New("database: not found")
	// ErrLocked: another process has the file open.
	ErrLocked = errors.New("database: the file is in use by another process")
	// ErrCorrupt: the file is not a database of this program.
	ErrCorrupt = errors.New("database: the file is damaged or not a database")
	// ErrVersion: the file was made by another version of this program.
	ErrVersion = errors.New("database: the file is of another version")
)

// ErrUnchanged is for functions that [Update] runs: there was nothing to change. It is
// no error to the caller, and nothing is written.
var ErrUnchanged = errors.New("database: unchanged")

// Update runs f in a transaction, of which all is on disk when Update returns, or on an
// error nothing.
func Update(db *bbolt.DB, f func(tx *bbolt.Tx) error) error {
	err := db.Update(f)
	if errors.Is(err, ErrUnchanged) {
		return nil
	}
	return err
}

// Schema says what is in a file.
type Schema struct {
	// Version changes with the tables and with what Fill writes. Required.
	Version string
	// Tables are made when a file is new.
	Tables []Table
	// Fill fills a new file: all of it or, on an error, nothing. Nil: it is empty.
	Fill func(tx *bbolt.Tx) error
}

// lockWait is how long Open waits for another process to let go of the file.
const lockWait = time.Second

// Open opens the file at path, which it makes, with its folder, if it is not there.
// The error names the file, and wraps [ErrLocked], [ErrCorrupt] or [ErrVersion]
// where that is the cause.
func Open(path string, schema Schema) (*bbolt.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("database: make folder: %w", err)
	}
	if err := inspect(path); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, cause(err))
	}
	if err := schema.prepare(db); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return db, nil
}

// prepare fills the file if it is new.
func (s Schema) prepare(db *bbolt.DB) error {
	found := ""
	err := db.View(func(tx *bbolt.Tx) (err error) {
		found, err = version(tx)
		return err
	})
	switch {
	case err != nil:
		return err
	case found == "":
		return db.Update(s.fill)
	case found != s.Version:
		return fmt.Errorf("%w: %q, this program needs %q", ErrVersion, found, s.Version)
	default:
		return nil
	}
}

// fill makes the tables of an empty file.
func (s Schema) fill(tx *bbolt.Tx) error {
	for _, t := range append([]Table{meta}, s.Tables...) {
		if _, err := tx.CreateBucket([]byte(t)); err != nil {
			return fmt.Errorf("database: make table %s: %w", t, err)
		}
	}
	if err := tx.Bucket([]byte(meta)).Put([]byte(versionKey), []byte(s.Version)); err != nil {
		return fmt.Errorf("database: write version: %w", err)
	}
	if s.Fill == nil {
		return nil
	}
	return s.Fill(tx)
}
