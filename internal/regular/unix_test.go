//go:build unix

package regular

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// What is no regular file is refused, also if it was one when it was looked at.
func TestWhatIsNoRegularFile(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "afloat") //nolint:usetesting // short: a socket's path is bounded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	pipe, socket := filepath.Join(dir, "pipe"), filepath.Join(dir, "socket")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	paths := []string{pipe, socket, dir}
	for _, device := range []string{"/dev/null", "/dev/zero", "/dev/tty"} {
		if _, err := os.Stat(device); err == nil {
			paths = append(paths, device)
		}
	}
	for i, path := range paths {
		link := filepath.Join(dir, "link"+string(rune('a'+i)))
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{path, link} {
			if _, err := Read(p, 100); !errors.Is(err, ErrNotRegular) {
				t.Errorf("Read(%s): %v; want %v", path, err, ErrNotRegular)
			}
			if _, err := read(p, 100, patience); !errors.Is(err, ErrNotRegular) {
				t.Errorf("read(%s), after the look: %v; want %v", path, err, ErrNotRegular)
			}
		}
	}
}

// A path that leads to a pipe every other moment never holds up a reader.
func TestFileThatIsSwappedForAPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, spare := filepath.Join(dir, "file"), filepath.Join(dir, "spare")
	if err := os.WriteFile(path, []byte("contents"), 0o600); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var swaps sync.WaitGroup
	swaps.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			var err error
			if i%2 == 0 {
				err = syscall.Mkfifo(spare, 0o600)
			} else {
				err = os.WriteFile(spare, []byte("contents"), 0o600)
			}
			if err := errors.Join(err, os.Rename(spare, path)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 3000 {
		if got, err := Read(path, 100); err == nil && string(got) != "contents" || err != nil && !errors.Is(err, ErrNotRegular) {
			t.Errorf("Read = %q, %v; want the contents or %v", got, err, ErrNotRegular)
		}
	}
	close(stop)
	swaps.Wait()
}

// Files that say that they are empty and have contents are read up to the limit.
func TestFilesOfTheSystem(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/proc/self/status", "/proc/kallsyms", "/proc/uptime"} {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if got, err := Read(path, 100); err != nil || len(got) == 0 || len(got) > 100 {
			t.Errorf("Read(%s) = %q, %v; want up to 100 bytes", path, got, err)
		}
	}
	if _, err := os.Stat("/proc/kmsg"); err == nil {
		// Who may open it waits for the next message of the kernel.
		if got, err := read("/proc/kmsg", 1<<30, patience/100); err == nil && len(got) == 0 {
			t.Error("there is no message of the kernel, and no error")
		}
	}
}
