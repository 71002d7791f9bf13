package interceptors

import (
	"context"
	"sync"
)

// watch tells a stream of the end of its context.
type watch struct {
	stream *stream
	// ended is the method of the same name, which would be made anew for each stream.
	ended func()
	// stopped is what stops the watch: false says that the end has been told, or is about
	// to be.
	stopped func() bool
}

// watches are those that no stream uses. One that has told its stream of an end is not put
// back: it may not have returned yet.
var watches sync.Pool //nolint:gochecknoglobals // a pool is one for the process

// watchContext tells s of the end of ctx. It returns nil for one that never ends.
func watchContext(ctx context.Context, s *stream) *watch {
	if ctx.Done() == nil {
		return nil
	}
	w, _ := watches.Get().(*watch)
	if w == nil {
		w = new(watch)
		w.ended = w.tell
	}
	w.stream = s
	w.stopped = context.AfterFunc(ctx, w.ended)
	return w
}

// tell tells the stream. It runs on a goroutine of its own.
func (w *watch) tell() { w.stream.onContextEnd() }

// stop ends the watch, which must not be used any more.
func (w *watch) stop() {
	if w.stopped() {
		w.stream, w.stopped = nil, nil
		watches.Put(w)
	}
}
