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
	// Failures are the errors of the steps before, or of all steps if none
	// answered.
	Failures []error
	// Ended is when the first step failed, zero if it did not.
	Ended policy.Instant
}

// Taker hears that a run has ended.
type Taker interface {
	// Took is called once for each run, from any goroutine: there is an answer. If
	// not ok, all steps failed that were tried, and only Failures and Ended are set
	// in it.
	Took(ok bool)
}

// Report closes the scope of the step that answered and returns what there is to
// say of the answer, in the value's paths: what calls said, and that it does not
// come from the first step. The source is the chain's, for operators. It is for
// runs with an answer, once each.
func (r *Run[In, T]) Report(source degrade.Source) degrade.Report {
	said := r.won.scope.Close()
	if r.Answer.Step == 0 {
		return said
	}
	s, cause := r.chain.Steps[r.Answer.Step], r.Answer.Failures[0]
	source.Code, source.Fallback = policy.Code(cause), s.Name
	fellBack := degrade.Marker{State: s.State, Reason: degrade.ReasonOf(cause), Age: r.Answer.Age, Source: source}
	return degrade.Union(degrade.NewReport(fellBack), said)
}
