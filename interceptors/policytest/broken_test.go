package policytest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// flawed is a policy with a few places and flaws to choose from. The zero
// flaws make an honest policy.
type flawed struct {
	flaws
	places int
	// freed ends the waits of a policy that ignores its contexts, so that the
	// bubble can end.
	freed chan struct{}

	mu     sync.Mutex
	free   int
	calls  int
	kept   []policy.Call
	method string
}

// flaws are ways to break the contract.
type flaws struct {
	leaksOn         func(policy.Outcome) bool
	ignoresContext  bool
	refusalTakes    bool
	remembersCalls  bool
	allocatesMore   bool
	alwaysBusy      bool
	panicsAfterEnd  bool
	panicsOnAcquire bool
	staleMethod     bool
	overflows       bool
	rejection       func(method string) error
}

const honestPlaces = 4

var errNoPlace = errors.New("flawed: full")

func newFlawed(tb testing.TB, f flaws, places int) *flawed {
	tb.Helper()
	p := &flawed{flaws: f, places: places, free: places, freed: make(chan struct{})}
	tb.Cleanup(func() { close(p.freed) })
	return p
}

func (p *flawed) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	if p.ignoresContext && ctx.Err() != nil {
		<-p.freed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.panicsOnAcquire {
		panic("flawed")
	}
	if p.remembersCalls {
		p.kept = append(p.kept, *call)
	}
	if p.allocatesMore {
		for range p.calls / 1000 {
			p.kept = make([]policy.Call, 1)
		}
	}
	if p.overflows && policy.InstantOf(call.Deadline)+policy.Instant(time.Hour) < policy.Now() {
		return policy.Permit{}, p.refuse(call.Method)
	}
	if p.free <= 0 {
		if p.refusalTakes {
			p.free--
		}
		return policy.Permit{}, p.refuse(call.Method)
	}
	p.free--
	return policy.Permit{Settler: p, Wants: policy.WantsMessages}, nil
}

func (p *flawed) refuse(method string) error {
	if p.rejection != nil {
		return p.rejection(method)
	}
	if p.method == "" || !p.staleMethod {
		p.method = method
	}
	return reject(p.method)
}

func reject(method string) error {
	return &policy.Rejection{Kind: "flawed", Method: method, Reason: "NO_PLACE", Err: errNoPlace}
}

func (p *flawed) Settle(_ uint64, o *policy.Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leaksOn == nil || !p.leaksOn(*o) {
		p.free++
	}
}

func (p *flawed) Message(uint64, policy.Direction) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.panicsAfterEnd && p.free == p.places {
		panic("flawed")
	}
	return nil
}

func (p *flawed) Idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.free == p.places && !p.alwaysBusy
}

// recovering refuses until an hour after it was made.
type recovering struct {
	*flawed

	until time.Time
	// putOff is how much later a refusal makes the end.
	putOff time.Duration
}

func (p *recovering) Acquire(_ context.Context, call *policy.Call) (policy.Permit, error) {
	if time.Now().Before(p.until) {
		p.until = p.until.Add(p.putOff)
		return policy.Permit{}, p.refuse(call.Method)
	}
	return policy.Permit{Settler: p}, nil
}
