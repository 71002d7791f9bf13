package policy

import (
	"errors"
	"time"
)

// Outcome is how a call ended. It travels by value.
type Outcome struct {
	// Err is the very error the caller gets, nil on success. io.EOF at the end
	// of a stream is success.
	Err error
	// Verdict is what the end means to a policy that counts failures.
	Verdict Verdict
	// Decided says that no classifier of a policy may change the Verdict: the
	// call did not start, panicked, or was classified by a call option.
	Decided bool
	// Started, Responded (streams: the first response message) and End are the
	// instants of the call, zero where no permit wanted them or they never came.
	Started, Responded, End Instant
	// Pushback is how long the server asked to be left alone, from the trailer
	// "grpc-retry-pushback-ms". Zero: it did not ask, or nobody wanted to know.
	Pushback time.Duration
}

// Verdict is what the end of a call means to a policy that counts failures.
type Verdict uint8

// The verdicts.
const (
	// Success: the dependency answered, be it with an error of the caller's own
	// making.
	Success Verdict = iota
	// Failure: the dependency did not do its part.
	Failure
	// Ignored: the end says nothing about the dependency.
	Ignored
	// NotStarted: a policy further in refused, the dependency was not asked.
	NotStarted
)

// String returns the verdict as in "not_started".
func (v Verdict) String() string {
	switch v {
	case Success:
		return "success"
	case Failure:
		return "failure"
	case Ignored:
		return "ignored"
	case NotStarted:
		return "not_started"
	default:
		return "unknown"
	}
}

// ErrPanicked is the Outcome.Err of a call that panicked or ended its
// goroutine. The panic goes on unchanged.
var ErrPanicked = errors.New("policy: the call panicked or exited its goroutine")
