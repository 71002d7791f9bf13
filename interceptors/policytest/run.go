package policytest

import (
	"testing"
	"testing/synctest"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Run checks that the policies made by newPolicy keep the contract. newPolicy
// is called at least once in each subtest. It must return a policy that admits
// a call under a background context, and may register cleanups with its tb. Run
// must not be called from a parallel test.
func Run(t *testing.T, newPolicy func(tb testing.TB) policy.Policy, opts ...Option) {
	t.Helper()
	s := suite{newPolicy: newPolicy}
	for _, o := range opts {
		o.apply(&s)
	}
	for _, c := range s.checks() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.run(t, s) })
		})
	}
}

// Option changes what [Run] checks.
type Option interface{ apply(*suite) }

// WithRefusing adds checks of refusals. newPolicy must return a policy that refuses
// every call, forever or until time passes. Refusing is not for policies of
// [policy.LayerFault], whose errors are outcomes.
func WithRefusing(newPolicy func(tb testing.TB) policy.Policy) Option {
	return refusingOption(newPolicy)
}

type refusingOption func(tb testing.TB) policy.Policy

func (o refusingOption) apply(s *suite) { s.refusing = o }

// suite is what one Run is about.
type suite struct {
	newPolicy func(tb testing.TB) policy.Policy
	// refusing makes policies that refuse. Nil: there are none.
	refusing func(tb testing.TB) policy.Policy
}

// check is one subtest. It runs in a bubble of its own.
type check struct {
	name string
	run  func(tb testing.TB, s suite)
}

func (s suite) checks() []check {
	var checks []check
	for _, e := range endings() {
		checks = append(checks, check{"Ends/" + e.name, e.check})
	}
	checks = append(
		checks,
		check{"Late", late},
		check{"DoneContext", doneContext},
		check{"FarDeadline", farDeadline},
		check{"Leave", leave},
		check{"Saturated", saturated},
		check{"ConcurrentSafe", concurrentSafe},
		check{"Memory", memory},
	)
	if s.refusing != nil {
		checks = append(
			checks,
			check{"Refusal", refusal},
			check{"RefusalTakesNothing", refusalTakesNothing},
		)
	}
	return checks
}
