package interceptors

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// usable reports whether r can resolve calls: it is neither nil nor a nil pointer.
func usable(r policy.Resolver) bool { return !validate.IsNil(r) }

// checked returns r, or, if r is nil or an option is at fault, a resolver that fails every
// call: a client that was meant to be guarded must not silently run unguarded.
func checked(r policy.Resolver, fault error) policy.Resolver {
	if !usable(r) {
		fault = errNoResolver
	}
	if fault == nil {
		return r
	}
	chain, _ := policy.NewChain([]policy.Policy{refusing{fault}}) // one policy that is not nil: no error
	return always{chain}
}

// always resolves every call to one chain.
type always struct{ chain *policy.Chain }

func (a always) Resolve(*policy.Call) *policy.Chain { return a.chain }

// refusing refuses every call.
type refusing struct{ err error }

var errNoResolver = status.Error(codes.Internal, "interceptors: resolver = nil; must be rules, as from interceptors.Default")

func (r refusing) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, r.err
}

// describe fills in what is known of a call before it is asked for. It writes in place:
// a copy of a Call costs as much as a policy's own work.
func describe(call *policy.Call, ctx context.Context, method string, side policy.Side, shape policy.Shape) { //nolint:revive // what is written comes first
	call.Method, call.Target, call.Side, call.Shape, call.Unregistered = method, "", side, shape, false
	call.Deadline, _ = ctx.Deadline()
	call.Begin, call.Waited, call.Notes, call.Criticality = 0, 0, 0, criticality.Mark{}
	call.Controlled = false
}
