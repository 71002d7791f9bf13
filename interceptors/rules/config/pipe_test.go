//go:build unix

package config_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// Nobody writes to the pipe: who opened it would wait forever.
func TestPipeIsNotOpened(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	want := path + ": cannot be read: must be a regular file"
	if _, err := config.ReadFile(path); err == nil || err.Error() != want {
		t.Errorf("ReadFile = %v; want %s", err, want)
	}
}
