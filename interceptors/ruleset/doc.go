// Package ruleset takes rules as data: which calls get which policies, from a file,
// from the options of .proto files and from code, put together behind one
// policy.Rules and changed while they work.
//
//	rules, err := ruleset.New(ruleset.WithFile("rules.yaml"))
//	...
//	go func() { errs <- rules.Watch(ctx) }()
//	cc, err := grpc.NewClient(target, append(interceptors.DialOptions(rules.Rules()), creds)...)
//
// A file has the fields of afloat.policy.v1.Rules, in YAML or JSON:
//
//	rules:
//	  - match: /shop.Payments/*
//	    timeout: {max: 2s}
//	    breaker: {slow_after: 300ms}
//	    bulkhead: {max_concurrent: 10, scope: per_service}
//
// It is read strictly: whatever is not understood, repeated or out of range is told
// with line and column, all faults at once.
//
// # Sources
//
// A later source takes the place of an earlier one where both have a rule for the
// same match, target, side and shadow, as a whole: the built-in rule; options of
// linked .proto files, see package protooptions; the file; code. Then the closest rule
// applies to a call, whatever its source. Call options of the call itself come last,
// as in policy.Skip.
//
// # Change
//
// A change of the file or of code is applied whole or refused whole. Policies that are
// wanted before and after go on with their state, their window and all their calls, see
// [policy.Rules.Apply]. A refusal is told to the log, to the [Observer] and in the
// [Snapshot], and what was in force stays so.
//
// # Shadow
//
// A rule with shadow set is laid beside the one that is in force for a call: its
// breaker, bulkhead and rate limit refuse nothing and count what they would have
// refused. That the calls which they would have refused are made nevertheless, they
// take as it is: a breaker sees results where it would have seen none.
//
// # Streams
//
// Rules are the same for unary calls and streams; what a policy does on streams is
// told by its package.
//
// This package does not fetch rules from elsewhere: a control plane calls [Compile]
// and [Set.Apply].
package ruleset
