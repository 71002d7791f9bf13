// Package rules says which calls get which policies, and changes that while calls are
// in flight.
//
// [Rules] find the chain of a call by its method. Patterns are, from the closest to
// the widest: "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" and "*". Only the
// closest rule applies; rules do not add up. A rule may be limited to a target and
// to some sides. Shadow rules, which only watch, are matched separately, and their
// policies run beside those of the closest rule.
//
// A [Template] makes the policies of a rule: one for each method, service or target, or
// one for a compartment that rules share. The packages of the policies have functions
// that return templates, such as breaker.Each.
//
// # Changes
//
// [Rules.Apply] replaces the rules at run time; policies that both old and new rules
// want keep their state, their waiting calls and their running ones.
//
// # Bounds
//
// The number of keys, which are pairs of target and method, is bounded, see
// [WithMaxKeys]. Calls of methods beyond it share a chain without breakers.
//
// # Streams
//
// A stream is found by its method when it opens and keeps its chain until it ends,
// whatever becomes of the rules.
//
// This package contains no policy, and reads no files: that is rules/config.
package rules
