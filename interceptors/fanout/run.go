package fanout

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// run is one Gather. The sources' goroutines only send on reported, everything
// else is the gathering goroutine's.
type run[Req, Resp any] struct {
	plan  *Plan[Req, Resp]
	ctx   context.Context //nolint:containedctx // the sources', lives as long as the run
	req   Req
	begin policy.Instant
	// reported has room for every source, so that none of them ever blocks.
	reported chan int
	tasks    []asked[Resp]
	complete bool // whoever asked wants all or nothing
}

// asked is a source that is being asked, and what came of it.
type asked[Resp any] struct {
	task[Resp]

	settled bool
	outcome outcome
}

// start asks every source.
func (r *run[Req, Resp]) start() {
	for i, b := range r.plan.bindings {
		r.tasks[i].task = b.start(r, i)
	}
}

// wait returns when every source has reported, when the time is over, or when it
// makes no sense to go on. At the end of the time it takes what has arrived:
// nothing that has is lost.
func (r *run[Req, Resp]) wait() {
	await(r.ctx, r.reported, len(r.tasks), r.settle)
}

// settle takes what came of a source that has reported, and says whether it makes
// sense to go on: not if the run cannot succeed any more.
func (r *run[Req, Resp]) settle(i int) bool {
	t := &r.tasks[i]
	t.settled, t.outcome = true, t.result(true)
	hopeless := t.outcome.err != nil && t.outcome.required || r.complete && !t.outcome.report.Complete()
	return !hopeless
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
	all := []degrade.Report{degrade.NewReport()}
	for i := range r.tasks {
		if o := r.tasks[i].outcome.report; !o.Complete() {
			all = append(all, o)
		}
	}
	return degrade.Union(all...)
}

// answered is how many sources did.
func (r *run[Req, Resp]) answered() (n int) {
	for i := range r.tasks {
		if r.tasks[i].outcome.err == nil {
			n++
		}
	}
	return n
}
