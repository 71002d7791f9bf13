package follow

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// How long it must have been quiet before a change is told, and how long that is
// waited for at most.
const (
	quiet    = 100 * time.Millisecond
	patience = 2 * time.Second
)

// File calls changed once it follows the path, and then each time that what is there
// may be other than before. It calls failed with what stands in the way of that
// while it goes on. It returns nil when ctx ends, and an error if it cannot begin.
// All calls are made on the goroutine of the caller.
func File(ctx context.Context, path string, changed func(), failed func(error)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	return follow(ctx, w, path, changed, failed)
}

// follow does what File does, with a watcher.
func follow(ctx context.Context, w *fsnotify.Watcher, path string, changed func(), failed func(error)) error {
	f := &follower{path: path, watcher: w, watched: map[string]os.FileInfo{}}
	if err := f.aim(); err != nil {
		return err
	}
	changed()
	var told told
	defer told.stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-w.Events:
			if f.trail.leadsOver(e.Name) {
				report(f.aim(), failed)
				told.soon()
			}
		case err := <-w.Errors:
			// Events may be lost: any of them could have been ours.
			report(errors.Join(err, f.aim()), failed)
			told.soon()
		case <-told.due():
			told.stop()
			changed()
		}
	}
}

func report(err error, failed func(error)) {
	if err != nil {
		failed(err)
	}
}

// follower watches the folders of a trail, and the file.
type follower struct {
	path    string
	watcher *fsnotify.Watcher
	trail   *trail
	// watched are they as they were when they were last watched: another may have
	// taken the name of one since.
	watched map[string]os.FileInfo
}

// aim watches what the trail leads over now, as far as it can be gone. What happens
// between the look at the trail and the watch is seen by looking again.
func (f *follower) aim() error {
	for {
		t, err := trailOf(f.path)
		f.trail = t
		changed, watchErr := f.watch(t)
		if !changed {
			return errors.Join(err, watchErr)
		}
	}
}

// watch watches what is on the trail and nothing else, and reports whether it had to
// change anything for it, or something has gone. It must be able to watch the folder
// of the file. One further up that nobody may read can be passed, but not seen to be
// replaced. The file itself is watched because a folder tells only of what happens by
// the names in it: a file that is mounted alone is written by another.
func (f *follower) watch(t *trail) (changed bool, err error) {
	names := slices.Clone(t.folders)
	if t.file != "" {
		names = append(names, t.file)
	}
	active := f.watcher.WatchList()
	for _, name := range active {
		if !slices.Contains(names, name) {
			f.leave(name)
		}
	}
	for i, name := range names {
		info, statErr := os.Stat(name)
		if statErr == nil && slices.Contains(active, name) {
			if os.SameFile(info, f.watched[name]) {
				continue
			}
			f.leave(name)
		}
		switch addErr := f.watcher.Add(name); {
		case addErr == nil:
			f.watched[name], changed = info, true
		case isGone(addErr):
			changed = true
		case i == len(t.folders)-1:
			err = addErr
		}
	}
	return changed, err
}

func (f *follower) leave(name string) {
	_ = f.watcher.Remove(name) // it may be gone already
	delete(f.watched, name)
}
