package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// A disk is watched until that is stopped, and nothing is left on it. In virtual time
// none is slow.
func TestDiskIsWatched(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		stop := Watch(t.Context(), folder)
		time.Sleep(5 * watchEvery)
		synctest.Wait()
		files, err := filepath.Glob(filepath.Join(folder, "watch-*"))
		if err != nil || len(files) != 1 {
			t.Errorf("files while it is watched = %v, %v; want one", files, err)
		}
		if worst, err := stop(); worst != 0 || err != nil {
			t.Errorf("it took %v at worst, %v", worst, err)
		}
	})
	if files, err := os.ReadDir(folder); err != nil || len(files) != 0 {
		t.Errorf("left on the disk: %v, %v", files, err)
	}
}

func TestDiskThatIsNotThere(t *testing.T) {
	t.Parallel()
	if _, err := Watch(t.Context(), filepath.Join(t.TempDir(), "gone"))(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error = %v; want that of the file system", err)
	}
}
