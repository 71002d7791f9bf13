// Package regular reads regular files, and refuses to wait for anything else.
package regular

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// ErrNotRegular says that a path leads to what is no regular file: a folder, a pipe, a
// socket or a device.
var ErrNotRegular = errors.New("must be a regular file")

// ErrSlow says that a file, which is not one on a disk, had no end for a while.
var ErrSlow = fmt.Errorf("did not end within %v; %w", patience, ErrNotRegular)

// patience is how long a file may make its readers wait, if it can be waited for at all, as
// some of /proc and /sys can: a file on a disk cannot.
const patience = 2 * time.Second

// Read returns at most the first limit bytes of the regular file that the path leads to.
// It does not wait for what is there to be opened, and looks at what it has opened: what
// the path leads to may change at any moment.
func Read(path string, limit int64) ([]byte, error) {
	// Only to open some devices does something.
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, ErrNotRegular
	}
	return read(path, limit, patience)
}

// read does what Read does, whatever was there before.
func read(path string, limit int64, patience time.Duration) ([]byte, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	switch info, err := f.Stat(); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, ErrNotRegular
	}
	return contents(f, limit, patience)
}

// contents returns the beginning of f, if it comes in time.
func contents(f *os.File, limit int64, patience time.Duration) ([]byte, error) {
	_ = f.SetReadDeadline(time.Now().Add(patience)) // fails if there is nothing to wait for
	data, err := io.ReadAll(io.LimitReader(f, limit))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, ErrSlow
	}
	return data, err
}
