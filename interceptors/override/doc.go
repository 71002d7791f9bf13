// Package override describes what operators have policies do, for a while, in place of what
// the rules say: refuse the calls of a circuit, let all calls pass, have more places.
//
// An [Override] is for the policies of a [Scope]: one circuit, a method, a service, a
// target, or everything, which is the kill switch. It has a reason, an author and an end,
// which comes by itself. Of several that are for a policy, the latest that the policy knows
// is in force; when that ends, the one before it is again. Overrides take precedence over
// rules and survive their changes, and are for policies that are made later too. Policies of
// shadow rules are left alone, since they must only watch.
//
// Package rules puts overrides in force, see rules.Steering; package admin offers that to
// operators.
package override
