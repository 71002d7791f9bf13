package attempt

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Answer is what came of a run.
type Answer[T any] struct {
	Value T
	// Step is which one answered.
	Step int
	// Age is how old the value is, where the step says so.
	Age time.Duration
	// Report is what calls said of the value, in the value's paths.
	Report degrade.Report
	// Failures are the errors of the steps before, or of all steps if none
	// answered.
	Failures []error
	// Ended is when the first step failed, zero if it did not.
	Ended policy.Instant
}

// ReportOf is what there is to say of an answer, in the value's paths: what calls
// said, and that it does not come from the first step. The source is the
// chain's, for operators.
func (c *Chain[In, T]) ReportOf(a Answer[T], source degrade.Source) degrade.Report {
	if a.Step == 0 {
		return a.Report
	}
	s, cause := c.Steps[a.Step], a.Failures[0]
	source.Code, source.Fallback = policy.Code(cause), s.Name
	fellBack := degrade.Marker{State: s.State, Reason: degrade.ReasonOf(cause), Age: a.Age, Source: source}
	return degrade.Union(degrade.NewReport(fellBack), a.Report)
}

// Taker gets what came of a run.
type Taker[T any] interface {
	// Took is called once for each run, from any goroutine. If not ok, all steps
	// failed that were tried, and only Failures and Ended are set.
	Took(a Answer[T], ok bool)
}
