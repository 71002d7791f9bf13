package policy

import "errors"

// Outcome is how a call ended. The one that a [Settler] hears of is lent: it must not
// be kept, but it may be copied.
type Outcome struct {
	// Err is the error that the caller gets, unchanged; nil on success. io.EOF at
	// the end of a stream is success.
	Err error
	// Verdict is what the end means to a policy that counts failures.
	Verdict Verdict
	// Decided says that a policy's classifier must not change the Verdict, because
	// the call did not start, panicked, or was classified by a call option or by its rule.
	Decided bool
	// By names what of the call's rule gave the Verdict, such as a condition. Empty:
	// nothing did.
	By string
	// Started, Responded (the first response message of a stream) and End are the
	// instants of the call. Each is zero if no permit wanted it or it never came; the end of
	// a call that failed is always there, whether by its error or by its rule.
	Started, Responded, End Instant

	// Evidence is what is known of how a call that failed came to its end.
	Evidence
	// Reply is what the call was answered with, as far as a permit or the call's rule
	// wanted to know, else nil. It is lent, also in a copy of the outcome.
	Reply *Reply
}

// Verdict is what the end of a call means to a policy that counts failures.
type Verdict uint8

// The verdicts.
const (
	// Success: the dependency answered, if only to say that the caller made an
	// error.
	Success Verdict = iota
	// Failure: the dependency did not do its part.
	Failure
	// Shed: the dependency, or one that it needs, refused to do the work. It is alive
	// and does not want to be asked. A breaker ignores that as long as the dependency
	// does some work too.
	Shed
	// Ignored: the end says nothing about the dependency.
	Ignored
	// NotStarted: an inner policy refused the call, so the dependency was not
	// asked.
	NotStarted
)

// String returns the verdict's name, such as "not_started".
func (v Verdict) String() string {
	switch v {
	case Success:
		return "success"
	case Failure:
		return "failure"
	case Shed:
		return "shed"
	case Ignored:
		return "ignored"
	case NotStarted:
		return "not_started"
	default:
		return "unknown"
	}
}

// ErrPanicked is the Outcome.Err of a call that panicked or ended its
// goroutine. The panic itself continues unchanged.
var ErrPanicked = errors.New("policy: the call panicked or exited its goroutine")
