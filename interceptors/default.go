package interceptors

import (
	"slices"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// The limits of the built-in rule for "*", which guards methods that no other
// rule matches.
const (
	// DefaultTimeout bounds unary calls that have no deadline.
	DefaultTimeout = 30 * time.Second
	// DefaultMaxConcurrent is the maximum number of unary calls in flight to one
	// target, or on one server.
	DefaultMaxConcurrent = 1024
	// DefaultMaxStreams is the same of streams, which have places of their own. A program
	// has as many as it subscribes to, and keeps them: so the bound is for those that leak.
	DefaultMaxStreams = 100_000
)

// Default returns the built-in rule alone: a breaker with default settings for
// each method (clients only), a bulkhead of [DefaultMaxConcurrent] unary calls and
// [DefaultMaxStreams] streams for each target, and [DefaultTimeout] for unary calls without a deadline. Streams get
// no deadline. Default is [NewRules] without rules. Of a server with [WithOverloadControl]
// the places are not counted.
//
// A unary call that brings no deadline and outlives [DefaultTimeout] ends with
// [timeout.ErrDefault]. Calls that rightly take longer, such as long polls, get a deadline
// from their callers, or their method a rule without a timeout:
//
//	{Match: "/pkg.Service/Wait", Policies: []rules.Template{breaker.Each(breaker.Config{}).On(policy.Client)}}
func Default(opts ...rules.Option) (*rules.Rules, error) {
	return NewRules(nil, opts...)
}

// NewRules returns the given rules with the built-in rule beneath them. The
// built-in rule guards the methods that they do not match, unless one of them is
// for "*" itself. Like any rule for "*", it leaves gRPC's health, reflection and
// channelz services unguarded. NewRules reports all faults of the rules and of
// their configurations at once. To change the rules later, pass the result of
// [WithBuiltIn] to [rules.Rules.Apply].
func NewRules(list []rules.Rule, opts ...rules.Option) (*rules.Rules, error) {
	return rules.New(WithBuiltIn(list), opts...)
}

// WithBuiltIn returns the rules with the built-in rule added, as [NewRules] does.
// The built-in rule is left out on every side that has a rule for "*" and all
// targets.
func WithBuiltIn(list []rules.Rule) []rules.Rule {
	builtIn := BuiltIn()
	for _, side := range []policy.Side{policy.Client, policy.Server, policy.Local} {
		covers := func(r rules.Rule) bool {
			return !r.Classifies() && r.Match == "*" && r.Target == "" && !r.Shadow && (len(r.Sides) == 0 || slices.Contains(r.Sides, side))
		}
		if !slices.ContainsFunc(list, covers) {
			builtIn.Sides = append(builtIn.Sides, side)
		}
	}
	if len(builtIn.Sides) == 0 {
		return list
	}
	return append(slices.Clip(list), builtIn)
}

// BuiltIn returns the built-in rule, the one that [Default] describes.
func BuiltIn() rules.Rule {
	return rules.Rule{Match: "*", Policies: []rules.Template{
		timeout.Each(timeout.Config{Default: DefaultTimeout}),
		breaker.Each(breaker.Config{}).On(policy.Client),
		bulkhead.Each(bulkhead.Config{MaxConcurrent: DefaultMaxConcurrent, MaxStreams: DefaultMaxStreams}, bulkhead.WithBackstop()).Per(rules.PerTarget),
	}}
}
