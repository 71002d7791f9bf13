package policytest

import (
	"context"
	"slices"
	"sync"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Spy is a policy that records the calls it is asked about and their outcomes.
// Put one on either side of a policy to see what that policy does to its
// neighbours. It is safe for concurrent use; its fields must not change while
// it is in use.
type Spy struct {
	// Refusal is the error that Acquire returns. Nil: the call is admitted.
	Refusal error
	// Stands is the Spy's layer. Policies of one layer keep their order in a
	// chain. Zero: the outermost layer.
	Stands policy.Layer

	mu      sync.Mutex
	asked   []policy.Call
	settled []policy.Outcome
}

// Layer returns Stands.
func (s *Spy) Layer() policy.Layer { return s.Stands }

// Acquire records the call and returns Refusal.
func (s *Spy) Acquire(_ context.Context, call *policy.Call) (policy.Permit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, call.Copy())
	if s.Refusal != nil {
		return policy.Permit{}, s.Refusal
	}
	return policy.Permit{Settler: s}, nil
}

// Settle records the outcome.
func (s *Spy) Settle(_ uint64, o *policy.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = append(s.settled, *o)
}

// Asked returns the calls that s was asked about, in order.
func (s *Spy) Asked() []policy.Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// Settled returns the outcomes of the calls that s admitted, in order of their
// ends.
func (s *Spy) Settled() []policy.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.settled)
}
