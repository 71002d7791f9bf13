//go:build unix

package config_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
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

// A file that has become something else is refused, the rules from before stay in force,
// and it is read again once it is a file.
func TestReloadOfWhatIsNoFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write := func() {
		if err := os.WriteFile(path, []byte("rules: [{match: /a.*, timeout: {max: 1s}}]"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write()
	set, err := config.New(config.WithFile(path), config.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	for name, become := range map[string]func() error{
		"pipe":   func() error { return syscall.Mkfifo(path, 0o600) },
		"folder": func() error { return os.Mkdir(path, 0o700) },
		"device": func() error { return os.Symlink("/dev/zero", path) },
	} {
		if err := errors.Join(os.Remove(path), become()); err != nil {
			t.Fatal(err)
		}
		if err := set.Reload(); err == nil || err.Error() != path+": cannot be read: must be a regular file" {
			t.Errorf("%s: Reload = %v; want it refused", name, err)
		}
		if n := len(set.Snapshot().Rules); n != 2 {
			t.Errorf("%s: %d rules in force; want those from before", name, n)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write()
	if err := set.Reload(); err != nil {
		t.Errorf("Reload of a file again: %v", err)
	}
}

// Whatever the path leads to while it is read, and however often at once, Reload returns,
// and the file is in force in the end.
func TestReloadWhileTheFileIsSwapped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, spare := filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "spare")
	put := func(i int) error {
		if i%2 == 1 {
			return errors.Join(syscall.Mkfifo(spare, 0o600), os.Rename(spare, path))
		}
		contents := fmt.Sprintf("rules: [{match: /a%d.*, timeout: {max: 1s}}]", i)
		return errors.Join(os.WriteFile(spare, []byte(contents), 0o600), os.Rename(spare, path))
	}
	if err := put(0); err != nil {
		t.Fatal(err)
	}
	set, err := config.New(config.WithFile(path), config.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	var reloads sync.WaitGroup
	for range 3 {
		reloads.Go(func() {
			for range 100 {
				_ = set.Reload() // may find a pipe
			}
		})
	}
	for i := range 301 {
		if err := put(i); err != nil {
			t.Error(err)
		}
	}
	reloads.Wait()
	if err := set.Reload(); err != nil {
		t.Errorf("Reload in the end: %v", err)
	}
	if got := set.Snapshot().Rules[0].Match; got != "/a300.*" {
		t.Errorf("in force in the end is %s; want /a300.*", got)
	}
}
