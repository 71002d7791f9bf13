package regular

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("contents"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	for _, tt := range []struct {
		path  string
		limit int64
		want  string
	}{{path, 100, "contents"}, {path, 3, "con"}, {link, 100, "contents"}} {
		if got, err := Read(tt.path, tt.limit); err != nil || string(got) != tt.want {
			t.Errorf("Read(%s, %d) = %q, %v; want %q", tt.path, tt.limit, got, err, tt.want)
		}
	}
	if _, err := Read(dir, 1); !errors.Is(err, ErrNotRegular) {
		t.Errorf("of a folder: %v; want %v", err, ErrNotRegular)
	}
	if _, err := Read(filepath.Join(dir, "none"), 1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of nothing: %v; want %v", err, os.ErrNotExist)
	}
}

// A file that can be waited for, as a pipe can, and does not end.
func TestFileWithoutAnEnd(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := w.WriteString("some"); err != nil {
		t.Fatal(err)
	}
	if _, err := contents(r, 100, time.Millisecond); !errors.Is(err, ErrSlow) || !errors.Is(err, ErrNotRegular) {
		t.Errorf("error = %v; want %v", err, ErrSlow)
	}
}
