package interceptors

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/grpclog"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// handling is a handler at work on a stream that a policy may end before the handler
// does. The handler has a goroutine of its own, so that the other one, which gRPC waits
// for, can return at that instant.
type handling struct {
	stream   *serverStream
	observer policy.Observer // nil: nobody
	overruns *Overruns

	// left is set by whoever comes first: the handler when it returns, or the other
	// goroutine when it leaves the handler behind.
	left  atomic.Bool
	since policy.Instant // when it was left behind

	// What follows is written before done is closed.
	done     chan struct{}
	err      error
	cut      error // the end by a policy, if that came before the handler's own
	panicked *policy.PanicError
}

// handle runs a handler and returns the error for the client: that of the policy that
// ended the stream, if one did before the handler returned, else the handler's own. A
// panic of the handler before that goes on in the caller.
func (h *handling) handle(srv any, handler grpc.StreamHandler) error {
	h.done = make(chan struct{})
	go h.run(srv, handler)
	select {
	case <-h.done:
	case <-h.stream.Context().Done():
		if err := h.stream.cut(); err != nil && h.leave(err) {
			return err
		}
		<-h.done // the client has gone: that ends nothing but the context
	}
	switch {
	case h.panicked == nil && h.cut != nil:
		return h.cut
	case h.panicked == nil:
		return h.err
	case h.panicked.Value == nil:
		runtime.Goexit()
	}
	panic(h.panicked.Value) //nolint:forbidigo // the handler's own, which interceptors outside recover
}

// leave leaves the handler behind, unless it has returned meanwhile.
func (h *handling) leave(err error) bool {
	h.overruns.began()
	h.since = policy.Now()
	h.stream.end(err)
	if !h.left.CompareAndSwap(false, true) {
		h.overruns.ended()
		return false
	}
	h.tell(policy.Overrun{})
	return true
}

// run runs the handler to its end.
func (h *handling) run(srv any, handler grpc.StreamHandler) {
	returned := false
	defer func() {
		if !returned {
			h.panicked = &policy.PanicError{Value: recover(), Stack: debug.Stack()}
		}
		h.cut = h.stream.cut()
		if h.left.CompareAndSwap(false, true) {
			close(h.done)
			return
		}
		h.endedLate()
	}()
	h.err = handler(srv, h.stream)
	returned = true
}

// endedLate counts the end of a handler that was left behind. Nobody is there any more to
// hear its panic.
func (h *handling) endedLate() {
	defer h.overruns.ended()
	ran := time.Duration(policy.Now() - h.since)
	if p := h.panicked; p != nil {
		p.Tell(h.stream.Context())
		logger.Errorf("the handler of %s panicked %v after its stream had been ended: %v\n%s",
			h.stream.stream.admission.Call.Method, ran, p.Value, p.Stack)
	}
	h.tell(policy.Overrun{Ended: true, For: ran, Panic: h.panicked})
}

// tell tells the observer.
func (h *handling) tell(o policy.Overrun) {
	if h.observer != nil {
		h.observer.Overran(&h.stream.stream.admission.Call, o)
	}
}

// logger is for what no caller can be told.
var logger = grpclog.Component("afloat") //nolint:gochecknoglobals // as gRPC's own are
