package interceptors

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// DefaultMaxOverruns is how many handlers of a server may run on after a policy ended
// their streams, before new streams that could become such are refused.
const DefaultMaxOverruns = 1024

// ErrOverruns is wrapped by the refusal of a stream because too many handlers run on
// after the end of theirs. As a status it is RESOURCE_EXHAUSTED with the reason
// OVERRUNS.
var ErrOverruns = errors.New("interceptors: too many handlers run on after the end of their streams")

// overrunsRefuser refuses streams beyond the bound.
var overrunsRefuser = policy.Refuser{Kind: "overruns", Reason: policy.ReasonOverruns, Err: ErrOverruns} //nolint:gochecknoglobals // never written

// Overruns counts the handlers of a server that run on after a policy, such as a
// timeout, ended their streams: the client has its status and the places in bulkheads
// are free, but no one can end a goroutine that does not look at its context. Beyond a
// bound, new streams that a policy may end are refused with [ErrOverruns]. The zero
// Overruns allows [DefaultMaxOverruns]. It is safe for concurrent use, also by several
// servers, and must not be copied.
type Overruns struct {
	max int // zero: the default

	mu      sync.Mutex
	running int
	none    chan struct{} // closed once running is zero again; nil if nobody waits
}

// NewOverruns returns an Overruns that allows up to most handlers. It must be in [1,
// 1000000].
func NewOverruns(most int) (*Overruns, error) {
	if most < 1 || most > 1_000_000 {
		return nil, fmt.Errorf("overruns: max = %d; must be in [1, 1000000]", most)
	}
	return &Overruns{max: most}, nil
}

// Running returns how many handlers run on now.
func (o *Overruns) Running() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.running
}

// Wait returns when no handler runs on any more, or with the error of ctx when that
// ends. Call it after GracefulStop or Stop of the server, which do not wait for these
// handlers.
func (o *Overruns) Wait(ctx context.Context) error {
	for {
		none := o.waiting()
		if none == nil {
			return nil
		}
		select {
		case <-none:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// waiting returns a channel that is closed once no handler runs on, nil if none does.
func (o *Overruns) waiting() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.running == 0 {
		return nil
	}
	if o.none == nil {
		o.none = make(chan struct{})
	}
	return o.none
}

// full reports whether there are as many as may be.
func (o *Overruns) full() bool {
	most := o.max
	if most == 0 {
		most = DefaultMaxOverruns
	}
	return o.Running() >= most
}

// began counts a handler that runs on.
func (o *Overruns) began() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running++
}

// ended counts the end of one.
func (o *Overruns) ended() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running--
	if o.running == 0 && o.none != nil {
		close(o.none)
		o.none = nil
	}
}
