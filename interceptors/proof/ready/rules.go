package ready

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// Waits returns the rule for unary calls that wait at the server until something happens, and
// whose callers set no deadline.
func Waits(match string) rules.Rule {
	return rules.Rule{Match: match, Sides: []policy.Side{policy.Client}, Policies: []rules.Template{
		breaker.Each(breaker.Config{SlowAfter: breaker.Off}),
		bulkhead.Each(bulkhead.Config{MaxConcurrent: 10_000}),
	}}
}

// LongPolls returns the rule for unary calls that wait for at most a time that the server knows,
// and then answer that there is nothing.
func LongPolls(match string, most time.Duration) rules.Rule {
	rule := Waits(match)
	rule.Policies = append(rule.Policies, timeout.Each(timeout.Config{Default: most + 10*time.Second}))
	return rule
}
