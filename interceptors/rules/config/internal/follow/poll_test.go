package follow

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

// blind follows a file in virtual time without ever getting a watcher, and notes what it
// reads and is told.
type blind struct {
	path string
	// fails is the error of the n-th look, counted from 1.
	fails func(n int) error

	looks []string // when, and what was read
	told  []error
	opens int
}

func (b *blind) follow(t *testing.T, during time.Duration, steps func()) {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	f := &follower{
		path: b.path,
		open: func() (*fsnotify.Watcher, error) {
			b.opens++
			return nil, os.NewSyscallError("inotify_init1", syscall.EMFILE)
		},
		add: (*fsnotify.Watcher).Add,
		look: func() error {
			data, _ := os.ReadFile(b.path)
			b.looks = append(b.looks, time.Since(began).String()+" "+string(data))
			if b.fails != nil {
				return b.fails(len(b.looks))
			}
			return nil
		},
		tell: func(err error) { b.told = append(b.told, err) },
	}
	var following sync.WaitGroup
	following.Go(func() { f.follow(ctx) })
	steps()
	following.Wait()
}

// Without a watcher the file is looked at every second, but not while it is being
// written, and the system is asked each time. That is told once.
func TestFileIsPolledWithoutAWatcher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &blind{path: filepath.Join(t.TempDir(), "rules")}
		write := func(text string) {
			if err := os.WriteFile(b.path, []byte(text), 0o600); err != nil {
				t.Error(err)
			}
		}
		write("1")
		b.follow(t, 10500*time.Millisecond, func() {
			time.Sleep(2500 * time.Millisecond)
			write("half") // seen as other than before at 3s, so not read
			time.Sleep(time.Second)
			write("whole and more") // neither at 4s
			time.Sleep(2 * time.Second)
			for i := range 4 { // written on and on
				write("whole and more"[:i+3])
				time.Sleep(time.Second)
			}
		})
		want := []string{
			"0s 1", "2s 1", "5s whole and more", "8s whole", "10s whole ",
		}
		if !slices.Equal(b.looks, want) {
			t.Errorf("looks: %q\nwant:  %q", b.looks, want)
		}
		if len(b.told) != 1 || !errors.Is(b.told[0], syscall.EMFILE) {
			t.Errorf("told %v; want once that there are no more", b.told)
		}
		if b.opens != 11 {
			t.Errorf("asked for a watcher %d times; want at the start and every second", b.opens)
		}
	})
}

// A file that is missing is no reason to stop looking, and it is read when it comes.
func TestMissingFileIsPolled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &blind{path: filepath.Join(t.TempDir(), "rules")}
		b.follow(t, 4500*time.Millisecond, func() {
			time.Sleep(1500 * time.Millisecond)
			if err := os.WriteFile(b.path, []byte("made"), 0o600); err != nil {
				t.Error(err)
			}
		})
		if want := []string{"0s ", "1s ", "3s made", "4s made"}; !slices.Equal(b.looks, want) {
			t.Errorf("looks: %q; want %q", b.looks, want)
		}
	})
}

// A file that could not be read is read again although nobody reports a change, and the
// watcher gives up its descriptor where one is missing.
func TestUnreadFileIsReadAgain(t *testing.T) {
	t.Parallel()
	for _, lack := range []error{syscall.EIO, syscall.EMFILE} {
		path := filepath.Join(t.TempDir(), "rules")
		if err := os.WriteFile(path, []byte("1"), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		looks, opens := 0, 0
		f := &follower{
			path: path,
			open: func() (*fsnotify.Watcher, error) { opens++; return fsnotify.NewWatcher() },
			add:  (*fsnotify.Watcher).Add,
			look: func() error {
				if looks++; looks == 2 {
					cancel()
					return nil
				}
				return &os.PathError{Op: "open", Path: path, Err: lack}
			},
			tell: func(err error) { t.Errorf("%v: told %v", lack, err) },
		}
		f.follow(ctx)
		if want := map[error]int{syscall.EIO: 1, syscall.EMFILE: 2}[lack]; looks != 2 || opens != want {
			t.Errorf("%v: %d looks, %d watchers; want 2 and %d", lack, looks, opens, want)
		}
	}
}

// A watcher that has ended is replaced, and changes since are not missed.
func TestLostWatcherIsReplaced(t *testing.T) {
	t.Parallel()
	var watchers []*fsnotify.Watcher
	changed := make(chan struct{}, 10)
	ctx, cancel := context.WithCancel(t.Context())
	opened := make(chan *fsnotify.Watcher, 10)
	f := &follower{
		path: filepath.Join(t.TempDir(), "rules"),
		open: func() (*fsnotify.Watcher, error) {
			w, err := fsnotify.NewWatcher()
			watchers = append(watchers, w)
			opened <- w
			return w, err
		},
		add:  (*fsnotify.Watcher).Add,
		look: func() error { changed <- struct{}{}; return nil },
		tell: func(err error) { t.Errorf("told %v", err) },
	}
	var following sync.WaitGroup
	following.Go(func() { f.follow(ctx) })
	first := <-opened
	<-changed
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	<-opened
	<-changed
	cancel()
	following.Wait()
	if len(watchers) != 2 {
		t.Errorf("%d watchers; want 2", len(watchers))
	}
}

// A folder that cannot be watched for want of watches may hide a change wherever it is on
// the way. One that nobody may read hides it further up only, and that is no want.
func TestWantOfWatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		at    string // what cannot be watched at first
		err   error
		blind bool
	}{
		{"the folder", "a/b", syscall.ENOSPC, true},
		{"further up", "a", syscall.ENOSPC, true},
		{"the file", "a/b/rules", syscall.ENOSPC, true},
		{"no permission for the folder", "a/b", syscall.EACCES, true},
		{"no permission further up", "a", syscall.EACCES, false},
		{"no permission for the file", "a/b/rules", syscall.EACCES, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "a/b/rules")
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("1"), 0o600)); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var told []error
			lacks := true
			f := &follower{
				path: path,
				open: fsnotify.NewWatcher,
				add: func(w *fsnotify.Watcher, name string) error {
					if lacks && name == filepath.Join(dir, tt.at) {
						return tt.err
					}
					return w.Add(name)
				},
				look: func() error {
					if !tt.blind {
						cancel()
					}
					lacks = false
					return nil
				},
				tell: func(err error) {
					if told = append(told, err); err == nil {
						cancel()
					}
				},
			}
			f.follow(ctx)
			if blind := len(told) == 2 && errors.Is(told[0], tt.err) && told[1] == nil; blind != tt.blind || !blind && len(told) > 0 {
				t.Errorf("told %v; want it to be blind for a while: %v", told, tt.blind)
			}
		})
	}
}
