// Package config reads rules, which say which calls get which policies, from a
// file, from the options of .proto files and from code. It combines them into one
// [rules.Rules] and changes that at run time.
//
//	rules, err := config.New(config.WithFile("rules.yaml"))
//	...
//	go func() { errs <- rules.Watch(ctx) }()
//	cc, err := grpc.NewClient(target, append(interceptors.DialOptions(rules.Rules()), creds)...)
//
// A rules file has the fields of afloat.policy.v1.Rules, in YAML or JSON:
//
//	rules:
//	  - match: /shop.Payments/*
//	    timeout: {max: 2s}
//	    breaker: {slow_after: 300ms}
//	    bulkhead: {max_concurrent: 10, scope: per_service}
//
// It is read strictly: everything unknown, repeated or out of range is an error.
// All errors are reported at once, with line and column.
//
// # Sources
//
// The sources are, in this order: the built-in rule; the options of linked .proto
// files, see package protooptions; the file; code. If two sources have a rule for the
// same match, target, side and shadow, the rule of the later source replaces the other
// as a whole. Of the rules that remain, the closest one applies to a call, whatever
// its source. Options of the call itself, such as [policy.Skip], override them all.
//
// # Change
//
// A change of the file or of code is applied as a whole or refused as a whole. Policies
// that both old and new rules want keep their state, their window and all their calls,
// see [rules.Rules.Apply]. After a refusal, the old rules stay in force, and the
// refusal is reported to the log, to the [Observer] and in the [Snapshot].
//
// # Shadow
//
// A rule with shadow set applies beside the rule in force for a call: its breaker,
// bulkhead and rate limit refuse nothing, but count what they would have refused.
// Since these calls are made nevertheless, the counts can differ from those of
// enforced policies: a breaker, for instance, sees results where it would have seen
// none.
//
// # Kinds of the program's own
//
// A [Kind] registered by [WithKind] makes the program's own policies what afloat's are: a
// file can have them, under custom, and configure them while they work, and the
// [Snapshot] has them. Nothing is registered globally.
//
// # Streams
//
// Rules are the same for unary calls and streams. The package of each policy says
// what it does on streams.
//
// This package does not fetch rules over the network: a client of a control plane
// can call [Compile] and [Set.Apply].
package config
