package main

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/step"
)

// The metadata that says whose call a request belongs to. Every tier passes it on.
const (
	callKey = "soak-call"
	userKey = "soak-user"
)

// journal has the calls that callers wait for. It is safe for concurrent use.
type journal struct {
	last  atomic.Uint64
	calls sync.Map // of *call, by id
}

// begin opens a call of a user.
func (j *journal) begin(user string) *call {
	c := &call{id: j.last.Add(1), user: user, ended: map[string]step.Ended{}}
	j.calls.Store(c.id, c)
	return c
}

// end forgets the call. What happens for it from then on is not written down.
func (j *journal) end(c *call) { j.calls.Delete(c.id) }

// of returns the call that a server's request belongs to. For a call that is over it
// returns one that nobody reads.
func (j *journal) of(ctx context.Context) *call {
	id, _ := strconv.ParseUint(last(metadata.ValueFromIncomingContext(ctx, callKey)), 10, 64) // 0 if there is none
	if c, ok := j.calls.Load(id); ok {
		return c.(*call) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	user := last(metadata.ValueFromIncomingContext(ctx, userKey))
	return &call{id: id, user: user, ended: map[string]step.Ended{}}
}

// last returns the last of values, or "".
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// call is one call by a caller, and what was done for it in the tiers below.
type call struct {
	id   uint64
	user string

	mu    sync.Mutex
	deeds []deed
	ended map[string]step.Ended // by the step's name, except late ends
}

// deed is what a backend did for one attempt of a call.
type deed struct {
	made token
	code codes.Code
	// stale: it marked its answer as stale.
	stale bool
}

// outgoing returns the context with what tells the tiers below whose call it is.
func (c *call) outgoing(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, callKey, strconv.FormatUint(c.id, 10), userKey, c.user)
}

// did writes down a deed.
func (c *call) did(d deed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deeds = append(c.deeds, d)
}

// deedOf returns the deed that made the token.
func (c *call) deedOf(t token) (deed, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.deeds {
		if d.made == t {
			return d, true
		}
	}
	return deed{}, false
}

// answered returns how many deeds for what ended with the code.
func (c *call) answered(what string, code codes.Code) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.deeds {
		if (what == "" || d.made.what == what) && d.code == code {
			n++
		}
	}
	return n
}

// stepEnded writes down how a step at the front ended.
func (c *call) stepEnded(id step.ID, e step.Ended) {
	if e.Late {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended[id.String()] = e
}

// endOf returns how a step of the front ended.
func (c *call) endOf(step string) (step.Ended, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.ended[step]
	return e, ok
}
