package attempt

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Answer is what came of a run.
type Answer[T any] struct {
	Value  T
	detour *detour // nil if the first step answered
}

// detour is the way of a run that the first step did not answer.
type detour struct {
	failures []error        // of the steps before the one that answered, or of all
	ended    policy.Instant // when the first step failed, zero if somebody else ran it
	won      *try           // nil: none answered
	age      time.Duration  // of the value, where the step says so
}

// Step is which one answered, zero if none did.
func (a *Answer[T]) Step() int {
	if a.detour == nil || a.detour.won == nil {
		return 0
	}
	return a.detour.won.step
}

// Age is how old the value is, where the step says so.
func (a *Answer[T]) Age() time.Duration {
	if a.detour == nil {
		return 0
	}
	return a.detour.age
}

// Failures are the errors of the steps before the one that answered, or of all
// steps if none did.
func (a *Answer[T]) Failures() []error {
	if a.detour == nil {
		return nil
	}
	return a.detour.failures
}

// Ended is when the first step failed, zero if it did not.
func (a *Answer[T]) Ended() policy.Instant {
	if a.detour == nil {
		return 0
	}
	return a.detour.ended
}

// Taker hears that a run has ended.
type Taker interface {
	// Took is called once for each run, from any goroutine: there is an answer. If
	// not ok, all steps failed that were tried, and there are only their failures.
	Took(ok bool)
}

// Plain reports whether there is nothing to say of the answer: the first step
// answered, and under its context nobody was asked.
func (r *Run[In, T]) Plain() bool { return r.Answer.detour == nil && r.first.scope.Made() == nil }

// Report closes the scope of the step that answered and returns what there is to
// say of the answer, in the value's paths: what calls said, and that it does not
// come from the first step. The source is the chain's, for operators. It is for
// runs with an answer, once each.
func (r *Run[In, T]) Report(source degrade.Source) degrade.Report {
	d := r.Answer.detour
	if d == nil {
		return r.first.close()
	}
	s, cause := r.chain.Steps[d.won.step], d.failures[0]
	source.Code, source.Fallback = policy.Code(cause), s.Name
	fellBack := degrade.Marker{State: s.State, Reason: degrade.ReasonOf(cause), Age: d.age, Source: source}
	return degrade.Union(degrade.NewReport(fellBack), d.won.close())
}
