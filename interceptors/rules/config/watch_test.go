package config_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// watched is a set whose file is watched, and what it tells.
func watched(t *testing.T, path string) (*config.Set, *ear) {
	t.Helper()
	e := &ear{heard: make(chan string, 100)}
	s := newSet(t, config.WithFile(path), config.WithObserver(e), config.WithoutBuiltIn())
	e.next(t, "start: 1 rules")
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() {
		if err := s.Watch(ctx); err != nil {
			t.Error(err)
			close(e.heard)
		}
	})
	t.Cleanup(func() {
		cancel()
		watching.Wait()
	})
	return s, e
}

// next waits for what is told next.
func (e *ear) next(t *testing.T, want string) {
	t.Helper()
	if got := <-e.heard; !strings.HasPrefix(got, want) {
		t.Fatalf("heard %q; want %q", got, want)
	}
}

func atMost(d time.Duration) string {
	return `rules: [{match: "*", timeout: {max: ` + d.String() + `}}]`
}

// A file that is replaced is applied, a bad one refused, and the one before stays in
// force; what does not change the contents is not told.
func TestWatch(t *testing.T) {
	t.Parallel()
	path := file(t, atMost(time.Second))
	s, e := watched(t, path)
	replace := func(text string) {
		write(t, path+".new", text)
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	wantMax := func(want time.Duration) {
		t.Helper()
		if got := maxOf(s, policy.Call{Method: charge}); got != want {
			t.Errorf("at most %v; want %v", got, want)
		}
	}
	wantMax(time.Second)
	replace(atMost(2 * time.Second))
	e.next(t, "file: 1 rules")
	wantMax(2 * time.Second)
	replace("")
	e.next(t, "file: refused, "+path+":1:1: the document is empty")
	wantMax(2 * time.Second)
	replace(atMost(time.Minute))
	e.next(t, "file: 1 rules")
	wantMax(time.Minute)
	replace(atMost(time.Minute)) // says nothing new
	replace(`rules: [{match: x}]`)
	e.next(t, "file: refused, "+path+":1:17: rules[0].match = x")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	e.next(t, "file: refused, "+path+": cannot be read: no such file or directory")
	replace(atMost(3 * time.Second))
	e.next(t, "file: 1 rules")
	wantMax(3 * time.Second)
	if got := s.Snapshot(); got.Applied != 3 || got.Refused != 3 || got.LastRefused.Source != config.File {
		t.Errorf("%d applied, %d refused, the last by %v; want 3, 3, file", got.Applied, got.Refused, got.LastRefused.Source)
	}
}

// A volume that Kubernetes mounts is swapped as a whole.
func TestWatchOfAMountedVolume(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	swap := func(name, text string) {
		for _, err := range []error{
			os.Mkdir(in(name), 0o700), os.WriteFile(in(name+"/rules.yaml"), []byte(text), 0o600),
			os.Symlink(name, in("..data_tmp")), os.Rename(in("..data_tmp"), in("..data")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	swap("..1", atMost(time.Second))
	if err := os.Symlink("..data/rules.yaml", in("rules.yaml")); err != nil {
		t.Fatal(err)
	}
	s, e := watched(t, in("rules.yaml"))
	for i, name := range []string{"..2", "..3"} {
		want := time.Duration(i+2) * time.Second
		swap(name, atMost(want))
		e.next(t, "file: 1 rules")
		if got := maxOf(s, policy.Call{Method: charge}); got != want {
			t.Errorf("at most %v; want %v", got, want)
		}
	}
}

// What changed between New and Watch is not missed.
func TestWatchBeginsWithALook(t *testing.T) {
	t.Parallel()
	path := file(t, atMost(time.Second))
	e := &ear{heard: make(chan string, 100)}
	s := newSet(t, config.WithFile(path), config.WithObserver(e), config.WithoutBuiltIn())
	e.next(t, "start: 1 rules")
	write(t, path, atMost(2*time.Second))
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { _ = s.Watch(ctx) })
	e.next(t, "file: 1 rules")
	cancel()
	watching.Wait()
}

func TestWatchWithoutAFile(t *testing.T) {
	t.Parallel()
	if err := newSet(t).Watch(t.Context()); err == nil || err.Error() != "config: there is no file to watch; name one by WithFile" {
		t.Errorf("Watch = %v; want that there is no file", err)
	}
}
