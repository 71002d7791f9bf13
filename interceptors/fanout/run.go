package fanout

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// run is one Gather. The sources' goroutines write only to their tasks and the
// tally; everything else belongs to the gathering goroutine.
type run[Req, Resp any] struct {
	plan     *Plan[Req, Resp]
	ctx      until // the sources'
	req      Req
	begin    policy.Instant
	complete bool // whoever asked wants all or nothing
	// required are the fields without which whoever asked wants nothing, if not all.
	required []string
	tally    tally
	tasks    []task[Resp]
	few      [4]task[Resp] // room for the tasks of a small plan
	next     atomic.Int64  // the first that was not started
	// outcomes are what came of the tasks, where there is something to say of it. Nil:
	// there is nothing so far.
	outcomes []*outcome
}

// start asks every source, each on a goroutine of its own.
func (r *run[Req, Resp]) start() {
	if n := len(r.plan.bindings); n <= len(r.few) {
		r.tasks = r.few[:n]
	} else {
		r.tasks = make([]task[Resp], n)
	}
	for _, k := range r.plan.kinds {
		k.begin(r)
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

// look takes the outcomes of the sources that have ended, and reports whether
// that is enough: all have ended, or the run cannot succeed any more.
func (r *run[Req, Resp]) look() bool {
	open, hopeless := false, false
	for i, t := range r.tasks {
		p := t.current()
		if !p.settled && p.ended.Load() {
			p.settled = true
			o := t.result()
			r.note(i, o)
			hopeless = hopeless || o != nil && (r.complete || o.err != nil && o.required || r.lacks(o))
		}
		open = open || !p.settled
	}
	return !open || hopeless
}

// lacks reports whether an outcome leaves without a field that is required.
func (r *run[Req, Resp]) lacks(o *outcome) bool {
	return len(r.required) > 0 && degrade.CheckRequired(&r.ctx, o.report) != nil
}

// requires reports whether the field at path is required, and all that is within it.
func (r *run[Req, Resp]) requires(path string) bool {
	return r.complete || slices.ContainsFunc(r.required, func(field string) bool { return fieldpath.Covers(field, path) })
}

// wakes reports whether whoever gathers must look as soon as a source has ended.
func (r *run[Req, Resp]) wakes() bool { return r.complete || len(r.required) > 0 }

// hurry makes the sources that have a default give it, now that the time is over,
// and waits for them, but not for long.
func (r *run[Req, Resp]) hurry(ctx context.Context, most time.Duration) {
	if r.complete || ctx.Err() != nil || r.lost() {
		return // nobody wants to have defaults
	}
	for _, t := range r.tasks {
		if p := t.current(); !p.settled {
			p.due = t.hurry()
		}
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	for r.due() {
		select {
		case <-r.tally.awake:
			if r.look() {
				return
			}
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// lost reports whether the run fails for a source that has not ended.
func (r *run[Req, Resp]) lost() bool {
	return slices.ContainsFunc(r.tasks, func(t task[Resp]) bool { return !t.current().settled && t.vital() })
}

// due reports whether a default is still to come.
func (r *run[Req, Resp]) due() bool {
	return slices.ContainsFunc(r.tasks, func(t task[Resp]) bool { return t.current().due && !t.current().settled })
}

// note keeps what came of a task, if there is something to say of it.
func (r *run[Req, Resp]) note(i int, o *outcome) {
	if o == nil {
		return
	}
	if r.outcomes == nil {
		r.outcomes = make([]*outcome, len(r.tasks))
	}
	r.outcomes[i] = o
}

// abandon leaves behind the sources that have not reported. The context has
// ended. Unless it expired, the run is over for another reason, and their
// fields are not marked.
func (r *run[Req, Resp]) abandon(why ending) {
	for i, t := range r.tasks {
		if t.current().settled {
			continue
		}
		t.abandon()
		if why == expired {
			r.note(i, t.result())
		}
	}
}

// report returns the report of the response.
func (r *run[Req, Resp]) report() degrade.Report {
	if r.outcomes == nil {
		return degrade.NewReport()
	}
	var all []degrade.Report
	for _, o := range r.outcomes {
		if o != nil {
			all = append(all, o.report)
		}
	}
	return degrade.Union(all...)
}

// conclude fails the run, or fills the response.
func (r *run[Req, Resp]) conclude(ctx context.Context, resp Resp) (degrade.Report, error) {
	report := r.report()
	if err := r.fault(report); err != nil { //nolint:contextcheck // the run has the caller's
		return report, err
	}
	for _, t := range r.tasks {
		t.set(resp)
	}
	if r.plan.inside {
		degrade.SetResponse(any(resp).(proto.Message), report) //nolint:errcheck,forcetypeassert // only messages have a field
	}
	if !report.Complete() {
		degrade.AddIfScoped(ctx, report)
	}
	return report, nil
}

// fault returns why the run has no response, nil if it has one.
func (r *run[Req, Resp]) fault(report degrade.Report) error {
	answered := len(r.tasks)
	for i, o := range r.outcomes {
		if o == nil || o.err == nil {
			continue
		}
		answered--
		if o.required {
			return &Error{Plan: r.plan.cfg.Name, Source: r.plan.bindings[i].path(), Err: o.err, Report: report}
		}
	}
	if r.wakes() {
		if err := degrade.CheckRequired(&r.ctx, report); err != nil {
			return err
		}
	}
	if answered < r.plan.cfg.Quorum {
		return &Error{Plan: r.plan.cfg.Name, Err: r.tooFew(answered), Report: report, belowQuorum: true}
	}
	return nil
}

// tooFew returns the error of a run below the quorum.
func (r *run[Req, Resp]) tooFew(answered int) error {
	e := &quorumError{answered: answered, asked: len(r.tasks), quorum: r.plan.cfg.Quorum}
	for i, o := range r.outcomes {
		if o != nil && o.err != nil {
			e.paths, e.errs = append(e.paths, r.plan.bindings[i].path()), append(e.errs, o.err)
		}
	}
	return e
}

// source returns what operators see of a field's source that failed at the instant
// ended. Zero: it did not fail.
func (r *run[Req, Resp]) source(path string, ended policy.Instant) degrade.Source {
	if ended == 0 {
		return degrade.Source{}
	}
	return degrade.Source{Name: path, Origin: r.plan.cfg.Name + "/" + path, Elapsed: ended.Sub(r.begin)}
}

// answered returns the outcome of a source that answered, with the report on its value.
func (r *run[Req, Resp]) answered(report degrade.Report, path string) *outcome {
	if report.Complete() {
		return nil
	}
	return &outcome{report: report.At(path)}
}

// missing returns the report of a field whose source failed with err.
func (r *run[Req, Resp]) missing(path string, err error, ended policy.Instant) degrade.Report {
	source := r.source(path, ended)
	source.Code = policy.Code(err)
	return degrade.NewReport(degrade.Marker{
		Path: path, State: degrade.Missing, Reason: degrade.ReasonOf(err), Source: source,
	})
}
