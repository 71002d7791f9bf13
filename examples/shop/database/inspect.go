package database

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// inspect reads through a file before it is opened for writing, because bbolt
// panics at pages that are damaged, and the process dies by a signal at pages
// that are not there. A missing or empty file is fine.
func inspect(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("database: %w", err)
	case info.Size() == 0:
		return nil
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	if err != nil {
		return cause(err)
	}
	err = db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return fmt.Errorf("%w: %d bytes of %d are there", ErrCorrupt, info.Size(), tx.Size())
		}
		return check(tx)
	})
	return errors.Join(err, db.Close())
}

// check walks every page of the file.
func check(tx *bbolt.Tx) error {
	var first error
	for err := range tx.Check() { // to its end, or its goroutine would stay
		if first == nil {
			first = fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
	return first
}

// cause tells the reasons apart for which a file cannot be opened. What is
// neither another process nor the file system is the contents.
func cause(err error) error {
	var refused *fs.PathError
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return ErrLocked
	case errors.As(err, &refused):
		return fmt.Errorf("database: %w", err)
	default:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
}
