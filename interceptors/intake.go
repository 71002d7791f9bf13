package interceptors

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// intake is what a server takes from its callers of how much their calls matter. The zero
// intake believes what they say.
type intake struct {
	trusted func(ctx context.Context) bool   // nil: all callers, but none at an edge
	cohort  func(ctx context.Context) string // nil: cohorts are those that callers say
	edge    bool
}

// CriticalityOption changes what a server takes from its callers of how much their calls
// matter. It is an option for unary calls and for streams.
type CriticalityOption interface {
	ServerUnaryOption
	ServerStreamOption
}

// intakeOption sets something of an intake.
type intakeOption func(*intake)

func (f intakeOption) applyServerUnary(o *serverUnaryOptions) { f(&o.intake) }

func (f intakeOption) applyServerStream(o *serverStreamOptions) { f(&o.intake) }

func (f intakeOption) applyServer(o *serverOptions) {
	o.unary, o.stream = append(o.unary, f), append(o.stream, f)
}

// WithTrustedCallers says which callers may say how much their calls matter, see package
// criticality: those for whom trusted returns true, given the context of the call with the
// peer and its metadata. What others say counts for nothing. It must be safe for
// concurrent use and fast; it is called only for calls that say something. Default, and
// with nil: all callers; on a server with [WithEdge] or [WithSilence], none.
func WithTrustedCallers(trusted func(ctx context.Context) bool) CriticalityOption {
	return intakeOption(func(in *intake) { in.trusted = trusted })
}

// WithCohorts puts each call that has no cohort into that of the key that the function
// returns for it, such as the user's, see package criticality; with an empty key into
// none. The function must be safe for concurrent use and fast. Mix the date in for other
// cohorts every day. Default, and with nil: calls are in the cohorts that they say.
func WithCohorts(key func(ctx context.Context) string) CriticalityOption {
	return intakeOption(func(in *intake) { in.cohort = key })
}

// take notes in call how much it matters, by what its caller and its chain say, and
// returns the context for its handler.
func (in *intake) take(ctx context.Context, call *policy.Call, chain *policy.Chain) context.Context {
	call.Criticality = in.markOf(ctx, chain)
	if !call.Criticality.Says() {
		return ctx
	}
	return call.Criticality.In(ctx)
}

// markOf returns how much a call matters, by what its caller and its chain say.
func (in *intake) markOf(ctx context.Context, chain *policy.Chain) criticality.Mark {
	said := criticality.FromIncoming(ctx)
	if said.Says() && !in.trusts(ctx) {
		said = criticality.Mark{}
	}
	if in.cohort != nil && said.Cohort == 0 {
		said.Cohort = criticality.CohortOf(in.cohort(ctx))
	}
	return said.AtMost(chain.Criticality())
}

// trusts reports whether the caller may say how much its call matters.
func (in *intake) trusts(ctx context.Context) bool {
	if in.trusted == nil {
		return !in.edge
	}
	return in.trusted(ctx)
}
