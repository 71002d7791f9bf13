package policy_test

import (
	"context"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// none is a policy without a state.
type none struct{}

func (none) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}

// A chain has neither a policy that is a nil pointer, which would panic at each call, nor
// one twice, which would count a call twice. Policies that are only alike it may have.
func TestChainsHaveEachPolicyOnce(t *testing.T) {
	t.Parallel()
	one, other := &tokens{}, &tokens{}
	for name, tt := range map[string]struct {
		policies []policy.Policy
		want     string
	}{
		"a nil pointer": {[]policy.Policy{one, (*tokens)(nil)}, "policy 1 of the chain = nil *policy_test.tokens; must be a policy"},
		"nil":           {[]policy.Policy{nil}, "policy 0 of the chain = nil; must be a policy"},
		"twice":         {[]policy.Policy{one, other, one}, "policy 2 of the chain = the *policy_test.tokens that is policy 0; must be there once"},
		"all at once":   {[]policy.Policy{one, one, nil, (*tokens)(nil)}, "policy 3 of the chain = nil"},
		"alike":         {[]policy.Policy{&tokens{}, &tokens{}, none{}, none{}, &none{}, &none{}}, ""},
	} {
		_, err := policy.NewChain(tt.policies)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v; want %q", name, err, tt.want)
		}
	}
}

// A nil pointer to an observer is no observer, as nil is: its methods would panic at each
// call.
func TestNilPointersObserveNothing(t *testing.T) {
	t.Parallel()
	c, err := policy.NewChain([]policy.Policy{none{}}, policy.WithObserver((*policy.NopObserver)(nil)))
	if err != nil || c.Observer() != nil {
		t.Errorf("observer %v, %v; want none", c.Observer(), err)
	}
	if o := policy.Observe((*policy.NopObserver)(nil)); o != (policy.NopObserver{}) {
		t.Errorf("observer %v; want none", o)
	}
}
