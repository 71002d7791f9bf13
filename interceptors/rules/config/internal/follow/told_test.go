package follow

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

func TestChangesAreToldWhenItIsQuiet(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		gaps  []time.Duration
		after time.Duration
	}{
		{"one", nil, quiet},
		{"several", []time.Duration{10 * time.Millisecond, 90 * time.Millisecond}, 100*time.Millisecond + quiet},
		{"without a pause", repeated(50*time.Millisecond, 100), patience},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var c told
				if c.due() != nil {
					t.Fatal("due before there is a change")
				}
				c.soon()
				for _, gap := range tt.gaps {
					select {
					case <-c.due():
						if got := time.Since(began); got != tt.after {
							t.Errorf("told after %v; want %v", got, tt.after)
						}
						return
					case <-time.NewTimer(gap).C:
						c.soon()
					}
				}
				<-c.due()
				if got := time.Since(began); got != tt.after {
					t.Errorf("told after %v; want %v", got, tt.after)
				}
				c.stop()
				if c.due() != nil {
					t.Error("due after it was told")
				}
			})
		})
	}
}

func repeated(d time.Duration, n int) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = d
	}
	return all
}

// When the system has lost events, any of them may have been ours.
func TestLostEventsAreAChange(t *testing.T) {
	t.Parallel()
	w, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	changed := make(chan struct{}, 10)
	f := &follower{
		path: filepath.Join(t.TempDir(), "rules"),
		open: func() (*fsnotify.Watcher, error) { return w, nil },
		add:  (*fsnotify.Watcher).Add,
		look: func() error { changed <- struct{}{}; return nil },
		tell: func(err error) { t.Errorf("told %v; want nothing: nothing goes unseen", err) },
	}
	var following sync.WaitGroup
	following.Go(func() { f.follow(ctx) })
	<-changed
	w.Errors <- fsnotify.ErrEventOverflow
	<-changed
	cancel()
	following.Wait()
}
