// Package rules finds the policies of a call by its method, and changes them while
// calls go on.
//
// Patterns are, from the closest to the widest: "/pkg.Service/Method",
// "/pkg.Service/*", "/pkg.*" and "*". Only the closest [Rule] applies; rules do not
// add up. A rule may be limited to a target and to some sides. Shadow rules, which
// only watch, are matched separately, and their policies run beside those of the
// closest rule.
//
// A rule has a [Template] for each of its policies. From it comes one policy for each
// method, service, target or compartment, see [Scope]. [Rules] make policies when a
// call first needs them and keep them by target and method. [Rules.Apply] replaces the
// rules at run time; policies that both old and new rules want keep their state.
package rules
