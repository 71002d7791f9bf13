package telemetry

import (
	"context"
	"log/slog"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Transition implements [policy.Observer]. It counts the change and logs it as a
// warning.
func (o *Observer) Transition(t policy.Transition) {
	ctx := context.Background()
	s := o.sides[t.Side]
	id := moveID{policyID{t.Kind, t.Name, t.Target, t.Shadow}, t.From, t.To, t.Cause}
	s.transitions.Add(ctx, 1, s.moved.of(id)...)
	attrs := []slog.Attr{
		slog.String("policy", t.Kind), slog.String("name", text(t.Name)), slog.String("side", t.Side.String()),
		slog.String("from", t.From), slog.String("to", t.To), slog.String("cause", t.Cause),
		slog.Int("calls", t.Calls), slog.Int("failures", t.Failures), slog.Int("slow", t.Slow), slog.Int("overdue", t.Overdue),
	}
	if t.Shadow {
		attrs = append(attrs, slog.Bool("shadow", true))
	}
	if t.Target != "" {
		attrs = append(attrs, slog.String("target", text(t.Target)))
	}
	if t.Until != 0 {
		attrs = append(attrs, slog.Duration("for", t.Until.Sub(t.At)))
	}
	o.log(ctx, slog.LevelWarn, "circuit changed its state", attrs...)
}

// Late implements [policy.Observer]. It counts the result.
func (o *Observer) Late(l policy.Late) {
	s := o.sides[l.Side]
	s.late.Add(context.Background(), 1, s.named.of(policyID{l.Kind, l.Name, l.Target, l.Shadow})...)
}
