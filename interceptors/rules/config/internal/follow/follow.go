package follow

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// How long it must have been quiet before a change is told, and how long that is
// waited for at most.
const (
	quiet    = 100 * time.Millisecond
	patience = 2 * time.Second
)

// File looks at the path once, and then each time that what is there may be other than
// before. A look returns an error if there is something that cannot be read. told hears
// why changes may go unseen for the moment, and nil once they are seen again. It returns
// when ctx ends. All calls are made on the goroutine of the caller.
func File(ctx context.Context, path string, look func() error, told func(error)) {
	f := &follower{path: path, open: fsnotify.NewWatcher, add: (*fsnotify.Watcher).Add, look: look, tell: told}
	f.follow(ctx)
}

// follower watches the folders of a trail, and the file.
type follower struct {
	path string
	open func() (*fsnotify.Watcher, error)
	add  func(*fsnotify.Watcher, string) error
	look func() error
	tell func(error)

	watcher *fsnotify.Watcher // nil: there is none at the moment
	trail   *trail
	// watched are they as they were when they were last watched: another may have
	// taken the name of one since.
	watched map[string]os.FileInfo

	blind  error // why changes may go unseen, nil if they are seen
	unread bool  // the last look failed
	told   told
	poll   poll
}

// follow does what File does.
func (f *follower) follow(ctx context.Context) {
	defer f.stop()
	f.aim()
	f.read()
	for {
		f.poll.runIf(f.blind != nil || f.unread)
		select {
		case <-ctx.Done():
			return
		case e, ok := <-f.events():
			f.hear(e, ok)
		case err, ok := <-f.errors():
			f.fail(err, ok)
		case <-f.told.due():
			f.told.stop()
			f.read()
		case <-f.poll.due():
			f.retry()
		}
	}
}

// stop ends the watch and the timers.
func (f *follower) stop() {
	f.leaveAll()
	f.told.stop()
	f.poll.runIf(false)
}

// events returns those of the watcher, nil without one.
func (f *follower) events() <-chan fsnotify.Event {
	if f.watcher == nil {
		return nil
	}
	return f.watcher.Events
}

// errors returns those of the watcher, nil without one.
func (f *follower) errors() <-chan error {
	if f.watcher == nil {
		return nil
	}
	return f.watcher.Errors
}

// hear takes an event. Without one, the watcher has ended.
func (f *follower) hear(e fsnotify.Event, ok bool) {
	switch {
	case !ok:
		f.fail(nil, false)
	case f.trail.leadsOver(e.Name):
		f.aim()
		f.told.soon()
	}
}

// fail takes an error of the watcher, which is replaced unless it has only lost events.
// Any event that was lost could have been ours.
func (f *follower) fail(err error, ok bool) {
	if !ok || !errors.Is(err, fsnotify.ErrEventOverflow) {
		f.leaveAll()
	}
	f.aim()
	f.told.soon()
}

// retry tries again what did not work, and looks at the file meanwhile.
func (f *follower) retry() {
	f.poll.again()
	was := f.blind
	f.aim()
	switch {
	case was != nil && f.blind == nil:
		f.told.soon()
	case f.blind == nil, f.poll.steady(f.path):
		f.read()
	}
}

// read looks at the file.
func (f *follower) read() {
	err := f.look()
	f.unread = err != nil
	if isLack(err) {
		f.leaveAll() // the descriptor that is missing may be the watcher's
		f.aim()
	}
}

// aim watches what the trail leads over now, and tells if that has become possible or
// impossible.
func (f *follower) aim() {
	was := f.blind
	f.blind = f.tryAim()
	if text(f.blind) != text(was) {
		f.tell(f.blind)
	}
}

// text returns that of an error, empty for none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// tryAim watches what the trail leads over now, as far as it can be gone. What happens
// between the look at the trail and the watch is seen by looking again.
func (f *follower) tryAim() error {
	if f.watcher == nil {
		w, err := f.open()
		if err != nil {
			return err
		}
		f.watcher, f.watched = w, map[string]os.FileInfo{}
		if err := spare(); err != nil {
			f.leaveAll()
			return err
		}
	}
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
// of the file, and whatever may be read. A folder further up that nobody may read can be
// passed, but not seen to be replaced. The file itself is watched because a folder tells only of what happens by
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
		switch addErr := f.add(f.watcher, name); {
		case addErr == nil:
			f.watched[name], changed = info, true
		case isGone(addErr):
			changed = true
		case i == len(t.folders)-1 || !errors.Is(addErr, fs.ErrPermission):
			err = addErr
		}
	}
	return changed, err
}

// spare returns an error if there is no descriptor left to read the file with: a watcher
// must not take the last.
func spare() error {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	return null.Close()
}

// isLack reports whether an error says that there are no more descriptors.
func isLack(err error) bool { return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) }

func (f *follower) leave(name string) {
	_ = f.watcher.Remove(name) // it may be gone already
	delete(f.watched, name)
}

// leaveAll closes the watcher, if there is one.
func (f *follower) leaveAll() {
	if f.watcher != nil {
		_ = f.watcher.Close() // it may be closed already
		f.watcher = nil
	}
}
