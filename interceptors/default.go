package interceptors

import (
	"slices"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// The built-in rule for "*": what guards a method that no other rule names.
const (
	// DefaultTimeout bounds unary calls that have no deadline at all.
	DefaultTimeout = 30 * time.Second
	// DefaultMaxConcurrent is the number of calls in flight to one target, or on
	// one server.
	DefaultMaxConcurrent = 1024
)

// Default returns the built-in rule alone: a breaker with its defaults for each
// method (clients only), [DefaultMaxConcurrent] places for each target, and
// [DefaultTimeout] for unary calls without a deadline. Streams get no deadline.
// It is [NewRules] without rules.
func Default(opts ...policy.RulesOption) (*policy.Rules, error) {
	return NewRules(nil, opts...)
}

// NewRules returns the given rules with the built-in one beneath them: it
// guards what they do not name, unless one of them is for "*" itself. All
// faults of the rules and of the configurations in them are reported at once.
// To change the rules later, give [policy.Rules.Apply] what [WithBuiltIn] returns.
func NewRules(rules []policy.Rule, opts ...policy.RulesOption) (*policy.Rules, error) {
	return policy.NewRules(WithBuiltIn(rules), opts...)
}

// WithBuiltIn returns the rules with the built-in one beneath them, as [NewRules]
// has it. It is left out on those sides that have a rule for "*" and all targets.
func WithBuiltIn(rules []policy.Rule) []policy.Rule {
	builtIn := BuiltIn()
	for _, side := range []policy.Side{policy.Client, policy.Server, policy.Local} {
		covers := func(r policy.Rule) bool {
			return r.Match == "*" && r.Target == "" && !r.Shadow && (len(r.Sides) == 0 || slices.Contains(r.Sides, side))
		}
		if !slices.ContainsFunc(rules, covers) {
			builtIn.Sides = append(builtIn.Sides, side)
		}
	}
	if len(builtIn.Sides) == 0 {
		return rules
	}
	return append(slices.Clip(rules), builtIn)
}

// BuiltIn is the built-in rule.
func BuiltIn() policy.Rule {
	return policy.Rule{Match: "*", Policies: []policy.Template{
		timeout.Each(timeout.Config{Default: DefaultTimeout}),
		breaker.Each(breaker.Config{}).On(policy.Client),
		bulkhead.Each(bulkhead.Config{MaxConcurrent: DefaultMaxConcurrent}).Per(policy.PerTarget),
	}}
}
