package dashboard

import (
	"slices"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// How the calls to the services are guarded.
const (
	// CallTimeout bounds each call, so that one that hangs ends before the page
	// is due.
	CallTimeout = 700 * time.Millisecond
	// SlowAfter is when a call for an optional part counts as slow, also while it
	// is in flight.
	SlowAfter = 250 * time.Millisecond
	// OpenFor is how long a circuit stays open the first time, MaxOpenFor how
	// long it does at most when it opens again and again. Both are short, so that
	// the story of an outage fits in seconds; the defaults are 5s and 60s.
	OpenFor    = 500 * time.Millisecond
	MaxOpenFor = time.Second
)

// Guard returns the rules for the connections to the services. Every
// method of each gets a timeout, a breaker and a bulkhead of its own. The user
// is required, so slowness alone does not cut it off: a late page is better
// than none.
func Guard(opts ...policy.RulesOption) (*policy.Rules, error) {
	shared := []policy.Template{
		timeout.Each(timeout.Config{Max: CallTimeout, Total: CallTimeout}),
		// The queue is for the moment after a pause of this process, when all that
		// was held up comes at once.
		bulkhead.Each(bulkhead.Config{MaxConcurrent: 64, MaxQueue: 256, MaxWait: 300 * time.Millisecond}),
	}
	required := breaker.Config{OpenFor: OpenFor, MaxOpenFor: MaxOpenFor}
	optional := required
	optional.SlowAfter = SlowAfter
	return policy.NewRules([]policy.Rule{
		{Match: "/dashboard.v1.UserService/*", Policies: append(slices.Clip(shared), breaker.Each(required))},
		{Match: "/dashboard.v1.*", Policies: append(slices.Clip(shared), breaker.Each(optional))},
	}, opts...)
}

// Ceiling returns the rules for the dashboard's own server: no call may take
// longer than two seconds, nor may there be more than 512 at a time.
func Ceiling(opts ...policy.RulesOption) (*policy.Rules, error) {
	return policy.NewRules([]policy.Rule{{
		Match: "/dashboard.v1.DashboardService/*",
		Policies: []policy.Template{
			timeout.Each(timeout.Config{Default: 2 * time.Second, Max: 2 * time.Second}),
			bulkhead.Each(bulkhead.Config{MaxConcurrent: 512}),
		},
	}}, opts...)
}
