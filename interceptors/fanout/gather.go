package fanout

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Gather asks all sources at once and fills resp with their answers. It returns
// on time: at the end of the time, less the reserve, it takes every result that
// has arrived and marks the other fields as missing. The report says which
// fields are degraded. Gather also writes it into resp, if that has a field for
// it, and adds it to the scope of ctx, so that a server's interceptors send it
// along.
//
// On an error, resp is unchanged. The error is an [*Error] if a required source
// failed or fewer sources answered than the quorum, a
// *[degrade.IncompleteError] if the caller wants the response complete or not
// at all and it cannot be complete, and the error of ctx if the caller has
// gone.
//
// Only the calling goroutine writes to resp, and never after Gather has
// returned. Sources that ignore their context may read req even after that.
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
