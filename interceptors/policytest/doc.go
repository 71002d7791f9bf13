// Package policytest checks that a policy keeps the contract of [policy.Policy],
// and has test doubles: [Recorder], an observer, and [Spy], a policy. Every
// policy of afloat passes [Run]; so should yours:
//
//	func TestConformance(t *testing.T) {
//		policytest.Run(t, func(tb testing.TB) policy.Policy {
//			return mine.New(mine.Config{Limit: 4})
//		})
//	}
//
// Run makes these checks, each in a subtest of its own:
//
//   - Ends/…: however calls end (success, failure, cancel, deadline, panic,
//     runtime.Goexit, a refusal by an inner policy), the policy stays as usable as
//     before, and is idle in the end if it is a [policy.Idler].
//   - Late: a call that ends a day late, from another goroutine, does no harm.
//   - DoneContext: Acquire does not block under a context that is done.
//   - FarDeadline: a deadline in centuries, as any peer may send it, is time enough.
//   - Leave: Acquire stops blocking when its context ends.
//   - Saturated: refusals at the limit take nothing.
//   - ConcurrentSafe: many calls at once with mixed endings; run it with -race.
//   - Memory: neither allocations per call nor memory in use grow with the
//     number of calls.
//   - Refusal and RefusalTakesNothing, with [WithRefusing]: a refusal is a proper
//     [policy.Rejection], stops the call there, and changes nothing.
//
// Time is virtual: each subtest is a testing/synctest bubble, which also fails
// if the policy leaves a goroutine behind. The policy is made inside the
// bubble, and so must be whatever it waits on.
//
// A leak shows only when it uses up the policy's limit, so give the policy a
// small one: at most 100. A policy that is random by design, or that never
// again admits what it has refused once, cannot pass.
//
// Run measures allocations, so it must not be called from a parallel test.
package policytest
