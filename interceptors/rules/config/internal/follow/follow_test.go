package follow_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/afloat-go/afloat/interceptors/rules/config/internal/follow"
)

// rig follows a path in a folder of its own.
type rig struct {
	dir, path string
	changed   chan struct{}
}

func newRig(t *testing.T, path string, prepare func(r *rig)) *rig {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{dir: dir, path: filepath.Join(dir, path), changed: make(chan struct{}, 1000)}
	prepare(r)
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	following.Go(func() {
		look := func() error { r.changed <- struct{}{}; return nil }
		follow.File(ctx, r.path, look, func(err error) { t.Error(err) })
	})
	t.Cleanup(func() {
		cancel()
		following.Wait()
	})
	<-r.changed
	return r
}

func (r *rig) in(name string) string { return filepath.Join(r.dir, name) }

// must requires that steps of a test work.
func must(t *testing.T, steps ...error) {
	t.Helper()
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (r *rig) write(name, text string) error { return os.WriteFile(r.in(name), []byte(text), 0o600) }

func (r *rig) mkdir(name string) error { return os.MkdirAll(r.in(name), 0o700) }

func (r *rig) link(to, name string) error { return os.Symlink(to, r.in(name)) }

func (r *rig) move(from, to string) error { return os.Rename(r.in(from), r.in(to)) }

// want waits until a change is told after which the file holds the text. Empty:
// there is none.
func (r *rig) want(t *testing.T, text string) {
	t.Helper()
	for range r.changed {
		data, err := os.ReadFile(r.path)
		if err != nil && text == "" || err == nil && string(data) == text {
			return
		}
	}
	t.Fatalf("nothing is told; want a change to %q", text)
}

func TestPlainFile(t *testing.T) {
	t.Parallel()
	r := newRig(t, "rules", func(r *rig) { must(t, r.write("rules", "1")) })
	for _, step := range []struct {
		name string
		do   func() error
		want string
	}{
		{"written", func() error { return r.write("rules", "2") }, "2"},
		{"removed", func() error { return os.Remove(r.path) }, ""},
		{"made", func() error { return r.write("rules", "3") }, "3"},
		{"replaced by rename", func() error { must(t, r.write("new", "4")); return r.move("new", "rules") }, "4"},
		{"written again", func() error { return r.write("rules", "5") }, "5"},
		{"moved away", func() error { return r.move("rules", "old") }, ""},
		{"another moved in", func() error { must(t, r.write("new", "6")); return r.move("new", "rules") }, "6"},
		{"replaced by a link", func() error {
			must(t, r.write("elsewhere", "7"), os.Remove(r.path))
			return r.link("elsewhere", "rules")
		}, "7"},
		{"linked over itself", func() error {
			must(t, os.Remove(r.path), r.mkdir("folder"))
			return r.link("folder/.././elsewhere", "rules")
		}, "7"},
		{"written behind the link", func() error { return r.write("elsewhere", "8") }, "8"},
	} {
		must(t, step.do())
		t.Log(step.name)
		r.want(t, step.want)
	}
}

// A file may be written by another name that it has, also after it was replaced.
func TestFileWithTwoNames(t *testing.T) {
	t.Parallel()
	r := newRig(t, "mounted/rules", func(r *rig) {
		must(t, r.mkdir("mounted"), r.write("mounted/rules", "1"), os.Link(r.in("mounted/rules"), r.in("outside")))
	})
	must(t, r.write("outside", "2"))
	r.want(t, "2")
	must(t, r.write("new", "3"), os.Link(r.in("new"), r.in("other")), r.move("new", "mounted/rules"))
	r.want(t, "3")
	must(t, r.write("other", "4"))
	r.want(t, "4")
	must(t, os.Remove(r.path))
	r.want(t, "")
	must(t, os.Link(r.in("outside"), r.path))
	r.want(t, "2")
	must(t, r.write("outside", "5"))
	r.want(t, "5")
}

// Kubernetes mounts a volume as links over a folder that is swapped.
func TestMountedVolume(t *testing.T) {
	t.Parallel()
	r := newRig(t, "app/rules", func(r *rig) {
		must(t,
			r.mkdir("volume/..1"), r.write("volume/..1/rules", "1"),
			r.link("..1", "volume/..data"), r.link("..data/rules", "volume/rules"),
			r.mkdir("app"), r.link(r.in("volume/rules"), "app/rules"),
		)
	})
	for _, next := range []string{"2", "3", "4"} {
		must(t,
			r.mkdir("volume/.."+next), r.write("volume/.."+next+"/rules", next),
			r.link(".."+next, "volume/..data_tmp"), r.move("volume/..data_tmp", "volume/..data"),
			os.RemoveAll(r.in("volume/.."+string(next[0]-1))),
		)
		r.want(t, next)
	}
	must(t, r.write("volume/..4/rules", "written in place"))
	r.want(t, "written in place")
}

// Folders on the way are swapped, removed, and made again.
func TestFolders(t *testing.T) {
	t.Parallel()
	r := newRig(t, "a/b/rules", func(r *rig) { must(t, r.mkdir("a/b"), r.write("a/b/rules", "1")) })
	must(t, r.mkdir("c/b"), r.write("c/b/rules", "2"), r.move("a", "old"), r.move("c", "a"))
	r.want(t, "2")
	must(t, r.write("a/b/rules", "3"))
	r.want(t, "3")
	must(t, r.write("old/b/rules", "not ours any more"), os.RemoveAll(r.in("a")))
	r.want(t, "")
	must(t, r.mkdir("a/b"), r.write("a/b/rules", "4"))
	r.want(t, "4")
	must(t, os.RemoveAll(r.in("a")), r.mkdir("a/b"), r.write("a/b/rules", "5"))
	r.want(t, "5")
	must(t, r.write("a/b/rules", "6"))
	r.want(t, "6")
	must(t, os.RemoveAll(r.in("a")), r.write("a", "no folder"))
	r.want(t, "")
	must(t, os.Remove(r.in("a")), r.mkdir("x/b"), r.write("x/b/rules", "7"), r.link("x", "a"))
	r.want(t, "7")
}

// What does not lead to the file is not told.
func TestOthersAreNotTold(t *testing.T) {
	t.Parallel()
	r := newRig(t, "rules", func(r *rig) { must(t, r.write("rules", "1")) })
	must(t, r.write("other", "x"), os.Remove(r.in("other")), r.mkdir("folder"), r.write("folder/rules", "x"))
	must(t, r.write("rules", "2"))
	r.want(t, "2")
	if n := len(r.changed); n != 0 {
		t.Errorf("told %d times more; want once, for the file", n)
	}
}

func TestFileThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	r := newRig(t, "not/yet/rules", func(*rig) {})
	must(t, r.mkdir("not/yet"), r.write("not/yet/rules", "1"))
	r.want(t, "1")
}

// A way that cannot be gone may be mended: it is told, and the path is looked at.
func TestPathsThatLeadNowhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	circle := filepath.Join(dir, "a")
	must(t, os.Symlink("b", circle), os.Symlink("a", filepath.Join(dir, "b")))
	for _, path := range []string{circle, filepath.Join(dir, strings.Repeat("x", 1000))} {
		ctx, cancel := context.WithCancel(t.Context())
		looks, told := 0, []error{}
		look := func() error {
			if looks++; looks == 2 {
				cancel()
			}
			return nil
		}
		follow.File(ctx, path, look, func(err error) { told = append(told, err) })
		if len(told) != 1 || told[0] == nil || looks != 2 {
			t.Errorf("File(%.100q) told %v, looked %d times; want it told once and looked at again", path, told, looks)
		}
	}
}

// A circle of links is mended, and then the system tells of changes again.
func TestPathThatIsMended(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "rules")
	must(t, os.Symlink("rules", path))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told, looked := make(chan error, 10), make(chan struct{}, 1000)
	var following sync.WaitGroup
	following.Go(func() {
		follow.File(ctx, path, func() error { looked <- struct{}{}; return nil }, func(err error) { told <- err })
	})
	if err := <-told; err == nil {
		t.Fatal("a circle is watched")
	}
	must(t, os.Remove(path), os.WriteFile(path, []byte("1"), 0o600))
	if err := <-told; err != nil {
		t.Errorf("told %v; want that the file is watched", err)
	}
	cancel()
	following.Wait()
}
