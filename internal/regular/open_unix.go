//go:build unix

package regular

import (
	"errors"
	"os"
	"syscall"
)

// open opens what is at the path for reading. It waits for no writer of a pipe, and takes
// no terminal for its own.
func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.EOPNOTSUPP) { // a socket
		return nil, ErrNotRegular
	}
	return f, err
}
