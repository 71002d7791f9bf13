package fanout

import (
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// source is what operators see of a field's source that failed at the instant
// ended. Zero: it did not fail.
func (r *run[Req, Resp]) source(path string, ended policy.Instant) degrade.Source {
	if ended == 0 {
		return degrade.Source{}
	}
	return degrade.Source{Name: path, Origin: r.plan.cfg.Name + "/" + path, Elapsed: ended.Sub(r.begin)}
}

// said is the outcome of a source that answered, with the report on its value.
func (r *run[Req, Resp]) said(report degrade.Report, path string) *outcome {
	if report.Complete() {
		return nil
	}
	return &outcome{report: report.At(path)}
}

// missing is the report of a field whose source failed with err.
func (r *run[Req, Resp]) missing(path string, err error, ended policy.Instant) degrade.Report {
	source := r.source(path, ended)
	source.Code = policy.Code(err)
	return degrade.NewReport(degrade.Marker{
		Path: path, State: degrade.Missing, Reason: degrade.ReasonOf(err), Source: source,
	})
}
