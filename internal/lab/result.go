package lab

import (
	"cmp"
	"time"
)

// Result is what happened in one run.
type Result struct {
	Tally

	// Fault counts the calls that came in the fault alone.
	Fault Tally
	// OutageCalls came in the fault after the world's Grace, and OutageSent of them were
	// sent.
	OutageCalls, OutageSent int
	// Back is the time from the end of the outage to the start of the first 2 s in which
	// at least 9 of 10 calls are admitted: Never if there was none.
	Back time.Duration
	// Settled is how many good answers were given to calls that came 10 s after the end of
	// the outage or later, SettledCalls how many calls came then.
	Settled, SettledCalls int
	// Transitions is how many times guards changed their state.
	Transitions int
	// RefusedBy counts the refusals of each kind of policy, where the guards are policies.
	RefusedBy map[string]int

	view  *View
	span  Span
	slow  time.Duration
	grace time.Duration
	after []bin // nil if it is not judged
}

// bin is some time after an outage.
type bin struct{ calls, admitted int }

const (
	binLength   = 50 * time.Millisecond
	backWindow  = 2 * time.Second
	outageGrace = 2 * time.Second
	settledFrom = 10 * time.Second
)

// newResult returns what is counted into.
func newResult(c *Course, w *World, view *View) Result {
	r := Result{span: c.Fault, slow: w.SlowOver, grace: cmp.Or(w.Grace, outageGrace), view: view}
	if c.Outage {
		r.after = make([]bin, (c.Length-c.Fault.To)/binLength+1)
	}
	return r
}

// could counts what becomes of a call without a guard.
func (r *Result) could(at time.Duration, a Answer, deadline time.Duration) {
	good, slow := a.Err == nil && a.After <= deadline, min(a.After, deadline) > r.slow
	r.Tally.could(good, slow)
	if r.span.Has(at) {
		r.Fault.could(good, slow)
	}
}

// came counts a call.
func (r *Result) came(at time.Duration, admitted bool) {
	r.Tally.came(admitted)
	n := 0
	if admitted {
		n = 1
	}
	if r.span.Has(at) {
		r.Fault.came(admitted)
		if at >= r.span.From+r.grace {
			r.OutageCalls++
			r.OutageSent += n
		}
	} else if r.after != nil && at >= r.span.To {
		b := &r.after[(at-r.span.To)/binLength]
		b.calls++
		b.admitted += n
		if r.isSettled(at) {
			r.SettledCalls++
		}
	}
	if r.view != nil {
		r.view.came(at, admitted)
	}
}

// refused counts a refusal by a kind of policy, if it is one.
func (r *Result) refused(by string) {
	if by == "" {
		return
	}
	if r.RefusedBy == nil {
		r.RefusedBy = map[string]int{}
	}
	r.RefusedBy[by]++
}

// isSettled reports whether a call comes long enough after the outage.
func (r *Result) isSettled(at time.Duration) bool { return at >= r.span.To+settledFrom }

// ended counts the end of a call that was sent.
func (r *Result) ended(call *Call, now time.Duration, good bool) {
	slow := now-call.At > r.slow
	r.Tally.ended(good, slow)
	if r.span.Has(call.At) {
		r.Fault.ended(good, slow)
	}
	if good && r.after != nil && r.isSettled(call.At) {
		r.Settled++
	}
	if r.view != nil {
		r.view.ended(call.At, good, slow)
	}
}

// finish computes what needs the whole run.
func (r *Result) finish() {
	r.Back = Never
	const n = int(backWindow / binLength)
	for i := 0; i+n < len(r.after); i++ {
		var sum bin
		for _, b := range r.after[i : i+n] {
			sum.calls, sum.admitted = sum.calls+b.calls, sum.admitted+b.admitted
		}
		if sum.calls > 0 && 10*sum.admitted >= 9*sum.calls {
			r.Back = time.Duration(i) * binLength
			break
		}
	}
	r.after, r.view = nil, nil
}

// OutageShare returns how many of the calls in the outage after the world's Grace were sent,
// in percent.
func (r *Result) OutageShare() float64 { return share(r.OutageSent, r.OutageCalls) }

// SettledShare returns how many of the calls that came 10 s after the outage or later got
// a good answer, in percent.
func (r *Result) SettledShare() float64 { return percent(r.Settled, r.SettledCalls) }
