package policy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

const method = "/shop.Catalog/Get"

var (
	errDown  = status.Error(codes.Unavailable, "down")
	errFull  = errors.New("test: full")
	errPlain = errors.New("plain")
)

// full is a refusal as a bulkhead makes it.
func full() *policy.Rejection {
	return &policy.Rejection{
		Kind: "bulkhead", Name: "payments", Method: method,
		Reason: policy.ReasonBulkheadFull, Err: errFull,
	}
}

// remote is an error as a peer's status with an ErrorInfo arrives.
func remote(tb testing.TB, c codes.Code, domain string, r policy.Reason) error {
	tb.Helper()
	s, err := status.New(c, "from afar").WithDetails(&errdetails.ErrorInfo{Domain: domain, Reason: string(r)})
	if err != nil {
		tb.Fatal(err)
	}
	return s.Err()
}

// journal is what happened, in order. Nothing is kept in a nil one.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(words ...any) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	line := fmt.Sprintln(words...)
	j.lines = append(j.lines, line[:len(line)-1])
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

func (j *journal) want(tb testing.TB, want ...string) {
	tb.Helper()
	if got := j.all(); !slices.Equal(got, want) {
		tb.Errorf("happened:\n%q\nwant:\n%q", got, want)
	}
}

// stage is a policy that does as it is told and notes it.
type stage struct {
	name  string
	layer policy.Layer
	// permit is what it hands out, with itself as the settler.
	permit policy.Permit
	// context is what the call is to have, nil: what it has.
	context context.Context
	// refusal is what it answers instead.
	refusal error
	// onAcquire and onSettle, if not nil, run inside of Acquire and Settle.
	onAcquire func(ctx context.Context, call *policy.Call)
	onSettle  func()
	journal   *journal

	mu       sync.Mutex
	outcomes []policy.Outcome
}

func (s *stage) Layer() policy.Layer { return s.layer }

func (s *stage) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	s.journal.note("ask", s.name)
	if s.onAcquire != nil {
		s.onAcquire(ctx, call)
	}
	if s.refusal != nil {
		return policy.Permit{}, s.refusal
	}
	call.Context = s.context
	p := s.permit
	p.Settler = s
	return p, nil
}

func (s *stage) Settle(_ uint64, o *policy.Outcome) {
	s.journal.note("settle", s.name, o.Verdict)
	s.mu.Lock()
	s.outcomes = append(s.outcomes, *o)
	s.mu.Unlock()
	if s.onSettle != nil {
		s.onSettle()
	}
}

// outcome returns the one outcome that s heard of.
func (s *stage) outcome(tb testing.TB) policy.Outcome {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.outcomes) != 1 {
		tb.Fatalf("%s was settled %d times; want once", s.name, len(s.outcomes))
	}
	return s.outcomes[0]
}

// stages returns n of one layer, named "a", "b" and so on, with one journal.
func stages(n int) ([]*stage, *journal) {
	j := new(journal)
	all := make([]*stage, n)
	for i := range all {
		all[i] = &stage{name: string(rune('a' + i)), journal: j}
	}
	return all, j
}

func chainOf(tb testing.TB, all []*stage, opts ...policy.ChainOption) *policy.Chain {
	tb.Helper()
	policies := make([]policy.Policy, len(all))
	for i, s := range all {
		policies[i] = s
	}
	return newChain(tb, policies, opts...)
}

func newChain(tb testing.TB, policies []policy.Policy, opts ...policy.ChainOption) *policy.Chain {
	tb.Helper()
	c, err := policy.NewChain(policies, opts...)
	if err != nil {
		tb.Fatalf("NewChain: %v", err)
	}
	return c
}

// apart runs f in a goroutine of its own, and returns what f panicked with and
// whether it returned. Neither is so after runtime.Goexit.
func apart(f func()) (panicked any, returned bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { panicked = recover() }()
		f()
		returned = true
	}()
	<-done
	return panicked, returned
}

// wait blocks a call for d of virtual time.
func wait(call *policy.Call, d time.Duration) {
	began := policy.Now()
	time.Sleep(d)
	call.Blocked(began)
}

// handing is a policy that hands out one permit.
type handing struct{ permit policy.Permit }

func (h handing) Acquire(context.Context, *policy.Call) (policy.Permit, error) { return h.permit, nil }
