package telemetry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// tellAll tells the observer of everything that can happen to a name, on all sides.
func (b *backend) tellAll(tb testing.TB, name string) {
	tb.Helper()
	b.tell(name, errDown)
	b.records.Reset()
	b.spans.Reset()
}

// tell does what tellAll does, with an error, and keeps the spans and the records.
func (b *backend) tell(name string, err error) {
	ctx := context.Background()
	refused := &policy.Rejection{Kind: "breaker", Name: name, Reason: policy.ReasonCircuitOpen, Err: err}
	for _, s := range []policy.Side{policy.Client, policy.Server, policy.Local} {
		call := policy.Call{Method: name, Target: name, Side: s}
		b.Admitted(ctx, &call, policy.Admitted{Waited: time.Second, WaitedIn: policy.LayerBulkhead, Notes: policy.NoteProbe | policy.NoteShadowed | policy.NoteOverridden})
		b.Settled(ctx, &call, &policy.Outcome{})
		b.Rejected(ctx, &call, policy.Rejected{Err: refused, Waited: time.Second})
		b.Rejected(ctx, &call, policy.Rejected{Err: &policy.Rejection{Kind: "bulkhead", Name: name, Reason: policy.ReasonCancelled}})
		b.Leaked(&call)
		b.Transition(policy.Transition{Kind: "breaker", Name: name, Target: name, Side: s, From: "closed", To: "open", Cause: "mode"})
		b.Late(policy.Late{Kind: "breaker", Name: name, Target: name, Side: s})
	}
	served := policy.Call{Method: name, Side: policy.Server}
	b.Overran(&served, policy.Overrun{})
	b.Overran(&served, policy.Overrun{Ended: true, Panic: &policy.PanicError{}})
	id := step.ID{Plan: name, Chain: name, Name: name}
	own := b.StepStarted(ctx, id)
	b.StepEnded(own, id, step.Ended{Err: err, Abandoned: true})
	b.StepEnded(own, id, step.Ended{Err: errors.New(name), Late: true})
	b.FellBack(ctx, step.FellBack{Plan: name, Chain: name, Step: name, State: degrade.Stale, Age: time.Minute, Cause: err})
	b.Gathered(ctx, name, degrade.Report{}, nil)
	b.RulesApplied(name, 1)
	b.Steered(override.Change{Override: override.Override{Directive: policy.Directive{Action: policy.Disable}}})
}
