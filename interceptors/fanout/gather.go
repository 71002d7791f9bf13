package fanout

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Gather asks all sources at once and puts what they answer into resp, which it
// returns on time with what there is: at the end of the time, less the reserve,
// every result that has arrived is taken, and the rest is declared missing. The
// report says which fields are degraded. It is also written into resp, if that
// has a field for it, and said of what is made under ctx, so that a server's
// interceptors send it along.
//
// It fails, and leaves resp as it was, with an [*Error] if a required source
// failed or fewer sources answered than the quorum, with a
// [degrade.IncompleteError] if whoever asked wants the response complete or not
// at all and it cannot be, and with the error of ctx if the caller has gone.
//
// Only the calling goroutine writes to resp, and never after Gather has
// returned. Sources that ignore their context may go on reading req.
func (p *Plan[Req, Resp]) Gather(ctx context.Context, req Req, resp Resp) (degrade.Report, error) {
	report, err := p.gather(ctx, req, resp)
	p.cfg.gathered(ctx, report, err)
	return report, err
}

func (p *Plan[Req, Resp]) gather(ctx context.Context, req Req, resp Resp) (degrade.Report, error) {
	begin := policy.Now()
	left, reserve := p.cfg.left(ctx)
	r := &run[Req, Resp]{
		plan:     p,
		ctx:      until{Context: ctx, end: begin.Add(left)},
		req:      req,
		begin:    begin,
		complete: degrade.CompleteRequired(ctx),
	}
	r.tally.of(len(p.bindings))
	timer := time.AfterFunc(left, r.tally.expire)
	defer timer.Stop()
	r.start()
	why := r.tally.wait(ctx, r)
	r.ctx.over(why)
	if why == expired && p.defaults {
		r.hurry(ctx, reserve/2)
	}
	r.abandon(why)
	if why == gone {
		return degrade.Report{}, ctx.Err()
	}
	return r.conclude(ctx, resp)
}

// conclude fails the run, or fills the response.
func (r *run[Req, Resp]) conclude(ctx context.Context, resp Resp) (degrade.Report, error) {
	report := r.report()
	if err := r.fault(report); err != nil {
		return report, err
	}
	for _, t := range r.tasks {
		t.set(resp)
	}
	if r.plan.inside {
		degrade.SetResponse(any(resp).(proto.Message), report) //nolint:errcheck,forcetypeassert // only messages have a field
	}
	if !report.Complete() {
		degrade.Add(ctx, report)
	}
	return report, nil
}
