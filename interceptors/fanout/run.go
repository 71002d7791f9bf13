package fanout

import (
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// run is one Gather. The sources' goroutines only write to their tasks and the
// tally, everything else is the gathering goroutine's.
type run[Req, Resp any] struct {
	plan     *Plan[Req, Resp]
	ctx      until // the sources'
	req      Req
	begin    policy.Instant
	tally    tally
	tasks    []asked[Resp]
	next     atomic.Int64 // the first that was not started
	complete bool         // whoever asked wants all or nothing
}

// asked is a source that is being asked, and what came of it.
type asked[Resp any] struct {
	task[Resp]

	settled bool
	outcome *outcome
}

// start asks every source, each on a goroutine of its own.
func (r *run[Req, Resp]) start() {
	for i, b := range r.plan.bindings {
		r.tasks[i].task = b.task(r)
	}
	ask := r.ask // one closure for all
	for range r.tasks {
		go ask()
	}
}

// ask asks the next source.
func (r *run[Req, Resp]) ask() {
	r.tasks[r.next.Add(1)-1].ask()
}

// look takes what came of the sources that have ended, and says whether that is
// enough: all have, or the run cannot succeed any more.
func (r *run[Req, Resp]) look() bool {
	open, hopeless := false, false
	for i := range r.tasks {
		t := &r.tasks[i]
		if !t.settled && t.ended() {
			t.settled, t.outcome = true, t.result(true)
			hopeless = hopeless || t.outcome != nil && (r.complete || t.outcome.err != nil && t.outcome.required)
		}
		open = open || !t.settled
	}
	return !open || hopeless
}

// abandon leaves behind the sources that have not reported. The context has
// ended. Unless it expired, the run is over for another reason than theirs, and
// nothing is said of their fields.
func (r *run[Req, Resp]) abandon(expired bool) {
	for i := range r.tasks {
		if t := &r.tasks[i]; !t.settled {
			t.abandon()
			if expired {
				t.outcome = t.result(false)
			}
		}
	}
}

// report is what there is to say of the response.
func (r *run[Req, Resp]) report() degrade.Report {
	var all []degrade.Report
	for i := range r.tasks {
		if o := r.tasks[i].outcome; o != nil {
			all = append(all, o.report)
		}
	}
	if len(all) == 0 {
		return degrade.NewReport()
	}
	return degrade.Union(all...)
}
